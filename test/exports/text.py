"""Transformers with random weights, as torch modules, spelled as the common libraries spell them."""
import math
import torch
from torch import nn
from torch.nn import functional as F


class ViT(nn.Module):
    """ViT-B/16: torch's own encoder layers (fused attention, GELU, norm first)."""

    def __init__(self, size=224, patch=16, dim=768, depth=12, heads=12):
        super().__init__()
        self.patches = nn.Conv2d(3, dim, patch, patch)
        self.cls = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos = nn.Parameter(torch.randn(1, (size // patch) ** 2 + 1, dim) * 0.02)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(dim, heads, 4 * dim, 0.0, F.gelu, 1e-6, True, True)
            for _ in range(depth))
        self.norm, self.head = nn.LayerNorm(dim, eps=1e-6), nn.Linear(dim, 1000)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], 1) + self.pos
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)[:, 0])


class BertLayer(nn.Module):
    """Attention written out (scores, mask, softmax), GELU by erf, norm last."""

    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (nn.Linear(dim, dim) for _ in range(4))
        self.up, self.down = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)
        self.norm1, self.norm2 = nn.LayerNorm(dim, eps=1e-12), nn.LayerNorm(dim, eps=1e-12)

    def split(self, x):
        b, s, d = x.shape
        return x.view(b, s, self.heads, d // self.heads).permute(0, 2, 1, 3)

    def forward(self, x, mask):
        q, k, v = self.split(self.q(x)), self.split(self.k(x)), self.split(self.v(x))
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]) + mask
        y = (scores.softmax(-1) @ v).permute(0, 2, 1, 3).reshape(x.shape)
        x = self.norm1(self.o(y) + x)
        return self.norm2(self.down(F.gelu(self.up(x))) + x)


class Bert(nn.Module):
    def __init__(self, vocabulary=30522, dim=768, depth=12, heads=12, longest=512):
        super().__init__()
        self.word, self.place = nn.Embedding(vocabulary, dim), nn.Embedding(longest, dim)
        self.segment = nn.Embedding(2, dim)
        self.norm = nn.LayerNorm(dim, eps=1e-12)
        self.layers = nn.ModuleList(BertLayer(dim, heads) for _ in range(depth))
        self.pool = nn.Linear(dim, dim)
        for e in (self.word, self.place, self.segment):
            nn.init.normal_(e.weight, std=0.02)

    def forward(self, tokens, mask):
        place = torch.arange(tokens.shape[1]).unsqueeze(0)
        x = self.word(tokens) + self.segment(torch.zeros_like(tokens)) + self.place(place)
        x, mask = self.norm(x), (1.0 - mask[:, None, None, :].float()) * -10000.0
        for layer in self.layers:
            x = layer(x, mask)
        return x, torch.tanh(self.pool(x[:, 0]))


class RmsNorm(nn.Module):
    def __init__(self, dim, eps=1e-6):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.rand(dim) + 0.5), eps

    def forward(self, x):
        x = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)
        return self.weight * x


class LlamaBlock(nn.Module):
    """Grouped-query attention with rotary embedding and a causal mask; SwiGLU."""

    def __init__(self, dim=512, heads=8, kv_heads=2, hidden=1376, longest=64):
        super().__init__()
        self.heads, self.kv_heads, self.size = heads, kv_heads, dim // heads
        kv = kv_heads * self.size
        linear = lambda a, b: nn.Linear(a, b, bias=False)
        self.q, self.k, self.v, self.o = linear(dim, dim), linear(dim, kv), linear(dim, kv), \
            linear(dim, dim)
        self.gate, self.up, self.down = linear(dim, hidden), linear(dim, hidden), \
            linear(hidden, dim)
        self.norm1, self.norm2 = RmsNorm(dim), RmsNorm(dim)
        angle = torch.outer(torch.arange(longest).float(),
                            10000.0 ** (-torch.arange(0, self.size, 2).float() / self.size))
        angle = torch.cat([angle, angle], -1)
        self.register_buffer('cos', angle.cos())
        self.register_buffer('sin', angle.sin())
        self.register_buffer('causal', torch.full((longest, longest), -math.inf).triu(1))

    def split(self, x, heads):
        return x.view(*x.shape[:2], heads, self.size).transpose(1, 2)

    def rotate(self, x):
        s = x.shape[2]
        half = torch.cat([-x[..., self.size // 2:], x[..., :self.size // 2]], -1)
        return x * self.cos[:s] + half * self.sin[:s]

    def repeat(self, x):
        b, h, s, e = x.shape
        n = self.heads // self.kv_heads
        return x[:, :, None].expand(b, h, n, s, e).reshape(b, h * n, s, e)

    def forward(self, x):
        s, h = x.shape[1], self.norm1(x)
        q = self.rotate(self.split(self.q(h), self.heads))
        k = self.repeat(self.rotate(self.split(self.k(h), self.kv_heads)))
        v = self.repeat(self.split(self.v(h), self.kv_heads))
        scores = q @ k.transpose(2, 3) * self.size ** -0.5 + self.causal[:s, :s]
        x = x + self.o((scores.softmax(-1) @ v).transpose(1, 2).reshape(x.shape))
        h = self.norm2(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))

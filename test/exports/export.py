"""Writes random-weight networks as people export them.

    export.py DIR [NAME...] [--exporter=dynamo|script|pt2]

For each NAME (default: all): DIR/NAME.EXPORTER.onnx (or .pt2), DIR/NAME.input<i>.npy and, for
calibration, DIR/NAME.calib.npz.  Needs torch (and onnxscript for the dynamo exporter)."""
import inspect
import sys
import numpy as np
import torch
import text
import vision

IMAGE, SMALL = (1, 3, 224, 224), (1, 3, 128, 128)
EXPORTERS = ('dynamo', 'script', 'pt2')


def image(shape):
    return lambda g: (torch.randn(shape, generator=g),)


def sentence(g, length=32, vocabulary=30522):
    mask = (torch.arange(length) < length - 5).long().unsqueeze(0)
    return torch.randint(0, vocabulary, (1, length), generator=g), mask


MODELS = {
    'mobilenet_v2': (vision.mobilenet_v2, image(IMAGE)),
    'mobilenet_v3_small': (vision.mobilenet_v3_small, image(IMAGE)),
    'efficientnet_b0': (vision.efficientnet_b0, image(IMAGE)),
    'resnet50': (vision.resnet50, image(IMAGE)),
    'densenet121': (vision.densenet121, image(IMAGE)),
    'unet': (vision.UNet, image(SMALL)),
    'yolo': (vision.Yolo, image(SMALL)),
    'vit_b_16': (text.ViT, image(IMAGE)),
    'bert_base': (text.Bert, sentence),
    'llama_block': (text.LlamaBlock, image((1, 16, 512))),
}


def settle(model, inputs):
    """Statistics of the batch norms from one sample, so that random weights give usable ranges."""
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for n in norms:
        n.momentum = None
    model.train(bool(norms))
    with torch.no_grad():
        model(*inputs)
        for n in norms:
            n.weight.uniform_(0.8, 1.2)
            n.bias.normal_(0.0, 0.1)
    return model.eval()


def names_of(model):
    """Those that torch.export gives the inputs, in every format."""
    return list(inspect.signature(model.forward).parameters)


def write(model, inputs, path, exporter):
    if exporter == 'pt2':
        torch.export.save(torch.export.export(model, inputs), path + '.pt2')
        return
    more = {'dynamo': True, 'external_data': False} if exporter == 'dynamo' else \
        {'dynamo': False, 'opset_version': 17}
    torch.onnx.export(model, inputs, f'{path}.{exporter}.onnx', input_names=names_of(model), **more)


def export(directory, name, exporters):
    build, sample = MODELS[name]
    torch.manual_seed(0)
    g = torch.Generator().manual_seed(1)
    inputs = sample(g)
    model = settle(build(), inputs)
    for i, x in enumerate(inputs):
        np.save(f'{directory}/{name}.input{i}.npy', x.numpy())
    sets = [sample(g) for _ in range(4)]
    np.savez(f'{directory}/{name}.calib.npz',
             **{name: np.stack([s[i].numpy() for s in sets]) for i, name in enumerate(names_of(model))})
    for exporter in exporters:
        write(model, inputs, f'{directory}/{name}', exporter)


def main():
    options = [a.split('=')[1] for a in sys.argv[1:] if a.startswith('--exporter=')]
    directory, *names = [a for a in sys.argv[1:] if not a.startswith('--')]
    for name in names or MODELS:
        export(directory, name, options or EXPORTERS)
        print('wrote', name, flush=True)


if __name__ == '__main__':
    main()

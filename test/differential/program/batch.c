/* Runs every case of the table, several times: buffers end at a page that may not be touched, begin
 * behind one, and lie at odd addresses; floating-point environments differ.  Results must be the bytes
 * of the table each time.
 *
 *     batch [FIRST [RUNS]]
 *
 * prints "NAME LEVEL... ok", or what is wrong after the number of a level, one line per case, from case
 * FIRST; each is called RUNS times per level (3).  A case that faults leaves its line unfinished. */
#include "case.h"
#include "machine.h"

enum { BUFFERS = 40, PAGE_MASK = PAGE - 1 };

static struct buffer {
    uint8_t *pages;
    size_t room;
} buffers[BUFFERS]; /* scratch, inputs, outputs */
static uint64_t calls, runs = 3;

void *memset(void *p, int c, size_t n)
{
    for (uint8_t *b = p; n > 0; n--)
        *b++ = (uint8_t)c;
    return p;
}

void *memcpy(void *to, const void *from, size_t n)
{
    const uint8_t *s = from;
    for (uint8_t *d = to; n > 0; n--)
        *d++ = *s++;
    return to;
}

/* ---- output ----------------------------------------------------------------------------------- */
static void put(const char *text)
{
    size_t n = 0;
    while (text[n])
        n++;
    machine_write(text, n);
}

static void put_number(uint64_t v)
{
    char digits[24];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + v % 10);
    while (v /= 10);
    machine_write(digits + at, sizeof digits - at);
}

static int wrong(const char *what, uint64_t run)
{
    put(" ");
    put(what);
    put(" in run ");
    put_number(run);
    put("\n");
    return 0;
}

/* ---- memory ----------------------------------------------------------------------------------- */
/* Memory of `bytes` in buffer `i`: run 0 at its end, run 1 at its begin, else `shift` behind that. */
static uint8_t *place(unsigned i, size_t bytes, unsigned run, unsigned shift)
{
    struct buffer *b = &buffers[i];
    if (b->room < bytes + 64) {
        b->room = (2 * bytes + 64 + PAGE_MASK) & ~(size_t)PAGE_MASK;
        b->pages = machine_guarded(b->room);
        if (!b->pages)
            machine_exit(71);
    }
    return run == 0 ? b->pages + b->room - bytes : b->pages + (run == 1 ? 0 : shift);
}

static int is_f32(const tensor_info *t)
{
    return t->dtype[0] == 'f' && t->dtype[1] == '3';
}

/* Equal; all NaN are one. */
static int same(const tensor_info *t, const uint8_t *got, const uint8_t *want)
{
    uint64_t i = 0;
    while (i < t->bytes && got[i] == want[i])
        i++;
    if (i == t->bytes || !is_f32(t))
        return i == t->bytes;
    for (i = 0; i < t->bytes; i += 4) {
        uint32_t g, w;
        memcpy(&g, got + i, 4);
        memcpy(&w, want + i, 4);
        if (g != w && ((g & 0x7fffffff) <= 0x7f800000 || (w & 0x7fffffff) <= 0x7f800000))
            return 0;
    }
    return 1;
}

/* ---- cases ------------------------------------------------------------------------------------ */
struct call {
    const void *in[BUFFERS];
    void *out[BUFFERS];
    uint8_t *scratch;
};

static void prepare(const struct test_case *c, struct call *call, unsigned run, unsigned seed)
{
    const model_info *m = c->info;
    const uint8_t *data = c->in;
    call->scratch = place(0, (m->scratch_bytes + 63) & ~(uint64_t)63, run > 1 ? 1 : run, 0);
    memset(call->scratch, 0x7b, m->scratch_bytes);
    for (unsigned i = 0; i < m->input_count + m->output_count; i++) {
        const tensor_info *t = &m->tensors[i];
        uint8_t *p = place(i + 1, t->bytes, run, (seed * 13 + i * 7 + run) % 64);
        if (i < m->input_count) {
            call->in[i] = memcpy(p, data, t->bytes);
            data += t->bytes;
        } else {
            call->out[i - m->input_count] = memset(p, 0x55, t->bytes);
        }
    }
}

/* Outputs as wanted, inputs as they were. */
static int check(const struct test_case *c, const struct call *call, unsigned run)
{
    const model_info *m = c->info;
    const uint8_t *data = c->in, *want = c->want;
    for (unsigned i = 0; i < m->input_count; data += m->tensors[i].bytes, i++)
        for (uint64_t k = 0; k < m->tensors[i].bytes; k++)
            if (((const uint8_t *)call->in[i])[k] != data[k])
                return wrong("an input is overwritten", run);
    for (unsigned k = 0; k < m->output_count; k++) {
        const tensor_info *t = &m->tensors[m->input_count + k];
        if (!same(t, call->out[k], want))
            return wrong(t->name, run);
        want += t->bytes;
    }
    return 1;
}

static int run_level(const struct test_case *c, int level, unsigned seed)
{
    static struct call call;
    for (unsigned run = 0; run < runs; run++) {
        unsigned environment = (unsigned)(seed * runs + run) % ENVIRONMENTS;
        prepare(c, &call, run, seed);
        machine_disturb(environment);
        int code = c->info->run_at(level, call.in, call.out, call.scratch, c->info->scratch_bytes);
        int restored = machine_restored(environment);
        calls++;
        if (code)
            return wrong("a code is returned", run);
        if (!restored)
            return wrong("the floating-point environment changed", run);
        if (!check(c, &call, run))
            return 0;
    }
    return 1;
}

static uint64_t number(const char *text)
{
    uint64_t v = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        v = v * 10 + (uint64_t)(*text - '0');
    return v;
}

/* What varies from case to case comes from the number in its name: alone it fails the same. */
static int run_case(const struct test_case *c)
{
    const char *name = c->name;
    while (*name >= 'a' && *name <= 'z')
        name++;
    unsigned seed = (unsigned)number(name);
    if (c->info->input_count + c->info->output_count >= BUFFERS)
        return wrong("too many tensors", 0);
    for (unsigned level = 0; level < c->levels; level++) {
        put(" ");
        put_number(level);
        if (!run_level(c, (int)level, seed + level * 5))
            return 0;
    }
    put(" ok\n");
    return 1;
}

void start(const uintptr_t *stack);
void start(const uintptr_t *stack)
{
    int failed = 0;
    if (stack[0] > 2)
        runs = number((const char *)stack[3]);
    for (uint64_t i = stack[0] > 1 ? number((const char *)stack[2]) : 0; i < case_count; i++) {
        put(cases[i].name);
        failed |= !run_case(&cases[i]);
    }
    put_number(calls);
    put(" calls\n");
    machine_exit(failed);
}

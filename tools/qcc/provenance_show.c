/* -show-provenance and -diff: the records of notes as text, and what differs between two files. */
#include "provenance.h"
#include <string.h>
#include "qir/support/map.h"

/* --- showing ---------------------------------------------------------------------------------- */
static void show_entry(qir_strbuf *out, const qcc_entry *e)
{
    qcc_put_plain(out, e->is);
    qir_strbuf_putc(out, ' ');
    qcc_put_plain(out, e->name);
    qir_strbuf_putc(out, ':');
    for (size_t i = 0; i < e->nfacts; i++) {
        qir_strbuf_puts(out, i ? ", " : " ");
        qcc_put_plain(out, e->facts[i].key);
        qir_strbuf_putc(out, ' ');
        qcc_put_plain(out, e->facts[i].value);
    }
    qir_strbuf_putc(out, '\n');
}

static bool print(qir_context *ctx, qir_strbuf *out)
{
    bool ok = tool_write(qir_context_diag(ctx), "-", qir_strbuf_cstr(out), out->len);
    qir_strbuf_free(out);
    return ok;
}

bool qcc_show_provenance(qir_context *ctx, const char *path)
{
    qcc_record *records;
    size_t n;
    qir_strbuf out = {0};
    if (!qcc_read_provenance(ctx, path, &records, &n))
        return false;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < records[i].nentries; k++)
            show_entry(&out, &records[i].entries[k]);
    return print(ctx, &out);
}

/* --- comparing -------------------------------------------------------------------------------- */
/* How a difference reads: precision needs no word, and explains why there is a scale on one side only;
 * of hashes only that they differ says anything. */
static const struct {
    const char *key, *label;
    bool only_both, hidden;
} styles[] = {
    {"type", "", false, false},           {"scale", "scale ", true, false},
    {"zero point", "zero point ", true, false}, {"weight scale", "weight scale ", true, false},
    {"constants", "constants", false, true},
};

static size_t style_of(const char *key)
{
    size_t i = 0;
    while (i < sizeof styles / sizeof *styles && strcmp(styles[i].key, key))
        i++;
    return i;
}

typedef struct comparison {
    qir_strbuf *out;
    const qcc_entry *entry; /* whose line is being written */
    bool begun, differs;
} comparison;

/* "name: " once, then ", ". */
static void next_change(comparison *c)
{
    if (!c->begun) {
        bool op = !strcmp(c->entry->is, "op") || !strcmp(c->entry->is, "kernel");
        qcc_put_plain(c->out, op ? "" : c->entry->is);
        qir_strbuf_puts(c->out, op ? "" : " ");
        qcc_put_plain(c->out, c->entry->name);
    }
    qir_strbuf_puts(c->out, c->begun ? ", " : ": ");
    c->begun = c->differs = true;
}

static void compare_fact(comparison *c, const char *key, const char *a, const char *b)
{
    size_t style = style_of(key);
    bool known = style < sizeof styles / sizeof *styles;
    if ((a && b && !strcmp(a, b)) || (known && styles[style].only_both && !(a && b)))
        return;
    next_change(c);
    qcc_put_plain(c->out, known ? styles[style].label : key);
    if (known && styles[style].hidden) {
        qir_strbuf_puts(c->out, " differ");
        return;
    }
    qir_strbuf_puts(c->out, known ? "" : " ");
    qcc_put_plain(c->out, a ? a : "none");
    qir_strbuf_puts(c->out, " -> ");
    qcc_put_plain(c->out, b ? b : "none");
}

static void compare_entries(comparison *c, const qcc_entry *a, const qcc_entry *b)
{
    c->entry = a;
    c->begun = false;
    for (size_t i = 0; i < a->nfacts; i++)
        compare_fact(c, a->facts[i].key, a->facts[i].value, qcc_fact_of(b, a->facts[i].key));
    for (size_t i = 0; i < b->nfacts; i++)
        if (!qcc_fact_of(a, b->facts[i].key))
            compare_fact(c, b->facts[i].key, NULL, b->facts[i].value);
    if (c->begun)
        qir_strbuf_putc(c->out, '\n');
}

static void only_in(comparison *c, const qcc_entry *e, const char *path)
{
    c->entry = e;
    c->begun = false;
    next_change(c);
    const char *level = qcc_fact_of(e, "level");
    if (level)
        qir_strbuf_printf(c->out, "level ");
    qcc_put_plain(c->out, level ? level : "");
    qir_strbuf_printf(c->out, "%sonly in ", level ? " " : "");
    qcc_put_plain(c->out, path);
    qir_strbuf_putc(c->out, '\n');
}

/* What an entry is matched by: kind, level and name, the model's own name aside, and which of those that
 * are equal so far it is. */
static const char *key_of(qir_arena *arena, const qcc_entry *e, const qir_map *seen)
{
    const char *level = qcc_fact_of(e, "level"), *name = strcmp(e->is, "model") ? e->name : "";
    for (unsigned n = 0;; n++) {
        const char *key = qir_arena_printf(arena, "%s\n%s\n%s\n%u", e->is, level ? level : "", name, n);
        if (!qir_strmap_has(seen, key, strlen(key)))
            return key;
    }
}

static void index_entries(qir_arena *arena, const qcc_record *r, qir_map *out)
{
    for (size_t i = 0; i < r->nentries; i++) {
        const char *key = key_of(arena, &r->entries[i], out);
        qir_strmap_put(out, key, strlen(key), &r->entries[i]);
    }
}

static void compare_records(comparison *c, qir_arena *arena, const qcc_record *a, const char *a_path,
                            const qcc_record *b, const char *b_path)
{
    qir_map in_a = {0}, in_b = {0};
    index_entries(arena, a, &in_a);
    index_entries(arena, b, &in_b);
    for (size_t i = 0; i < in_a.len; i++) {
        const qir_map_entry *k = &in_a.entries[i];
        const qcc_entry *other = qir_strmap_get(&in_b, k->key, k->key_len);
        other ? compare_entries(c, k->value, other) : only_in(c, k->value, a_path);
    }
    for (size_t i = 0; i < in_b.len; i++)
        if (!qir_strmap_has(&in_a, in_b.entries[i].key, in_b.entries[i].key_len))
            only_in(c, in_b.entries[i].value, b_path);
    qir_map_free(&in_a);
    qir_map_free(&in_b);
}

/* Of several models those of the same name; one and one are compared whatever they are called. */
static const qcc_record *partner(const qcc_record *r, size_t nfrom, const qcc_record *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(in[i].name, r->name))
            return &in[i];
    return nfrom == 1 && n == 1 ? in : NULL;
}

static void missing_from(comparison *c, const qcc_record *r, const char *path)
{
    qir_strbuf_puts(c->out, "model ");
    qcc_put_plain(c->out, r->name);
    qir_strbuf_puts(c->out, ": only in ");
    qcc_put_plain(c->out, path);
    qir_strbuf_putc(c->out, '\n');
    c->differs = true;
}

int qcc_diff_provenance(qir_context *ctx, const char *a_path, const char *b_path)
{
    qcc_record *a, *b;
    size_t na, nb;
    qir_strbuf out = {0};
    comparison c = {.out = &out};
    if (!qcc_read_provenance(ctx, a_path, &a, &na) || !qcc_read_provenance(ctx, b_path, &b, &nb))
        return -1;
    for (size_t i = 0; i < na; i++) {
        const qcc_record *other = partner(&a[i], na, b, nb);
        if (other)
            compare_records(&c, qir_context_arena(ctx), &a[i], a_path, other, b_path);
        else
            missing_from(&c, &a[i], a_path);
    }
    for (size_t i = 0; i < nb; i++)
        if (!partner(&b[i], nb, a, na))
            missing_from(&c, &b[i], b_path);
    return print(ctx, &out) ? c.differs : -1;
}

/* Notes of qcc in objects and executables.  libelf reads the file, from memory: one that shrinks meanwhile
 * does no harm, and what is damaged is an error. */
#include "provenance.h"
#include <gelf.h>
#include <string.h>
#include "io/json.h"
#include "qir/support/vec.h"

enum { MAX_FILE = 1 << 30, MAX_RECORDS = 4096, MAX_COLUMNS = 64, MAX_TEXT = 1 << 26 };

typedef struct reading {
    qir_context *ctx;
    qir_diag_engine *diag;
    const qir_loc *where;
    const char *path;
    QIR_VEC(qcc_record) records;
    QIR_VEC(qcc_entry) entries; /* of the record that is being read */
    size_t bytes;               /* of their names and facts, and of those before */
} reading;

static bool fail(const reading *r, const char *what)
{
    return qir_error(r->diag, r->where, "provenance.read", "%s", what);
}

/* --- the text of a note ----------------------------------------------------------------------- */
typedef struct table {
    reading *r;
    qcc_entry *entries;
    size_t n;
} table;

static void add_fact(qcc_entry *e, const char *key, const char *value)
{
    if (!strcmp(key, "is"))
        e->is = value;
    else if (!strcmp(key, "name"))
        e->name = value;
    else if (*value)
        e->facts[e->nfacts++] = (qcc_fact){key, value};
}

/* The value of entries [row, row + times). */
static bool add_facts(const table *t, size_t row, int64_t times, const char *key, const qir_json *at, const char *value)
{
    size_t bytes = strlen(key) + strlen(value);
    if (times < 0 || (uint64_t)times > t->n - row)
        return qir_json_fail(at, "more values than names");
    if (bytes && (uint64_t)times > (MAX_TEXT - t->r->bytes) / bytes)
        return qir_json_fail(at, "more than %d bytes of text", MAX_TEXT);
    t->r->bytes += (size_t)times * bytes;
    for (; times > 0; times--)
        add_fact(&t->entries[row++], key, value);
    return true;
}

static bool read_list(const table *t, const char *key, const qir_json *list)
{
    size_t items, row = 0;
    const char *value = "";
    if (!qir_json_count(list, &items))
        return false;
    for (size_t i = 0; i < items; i++) {
        qir_json item = qir_json_item(list, i);
        int64_t times = 1;
        if (!(qir_json_is_string(&item) ? qir_json_string(&item, &value) : qir_json_int(&item, &times)) ||
            !add_facts(t, row, times, key, &item, value))
            return false;
        row += (size_t)times;
    }
    return row == t->n || qir_json_fail(list, "expected %zu values, one for each name, got %zu", t->n, row);
}

static bool read_column(void *user, const char *name, const qir_json *column)
{
    const table *t = user;
    const char *value, *key = qir_intern_cstr(t->r->ctx, name);
    if (!qir_json_is_string(column))
        return read_list(t, key, column);
    return qir_json_string(column, &value) && add_facts(t, 0, (int64_t)t->n, key, column, value);
}

static bool count_column(void *user, const char *key, const qir_json *value)
{
    (void)key;
    return ++*(size_t *)user <= MAX_COLUMNS || qir_json_fail(value, "more than %d columns", MAX_COLUMNS);
}

static bool count_rows(const qir_json *item, size_t *n)
{
    qir_json name, is;
    *n = 1;
    return qir_json_member(item, "is", &is) && qir_json_member(item, "name", &name) &&
           (qir_json_is_string(&name) || qir_json_count(&name, n));
}

static bool read_table(reading *r, const qir_json *item)
{
    size_t columns = 0, first = r->entries.len;
    table t = {.r = r};
    if (!qir_json_each(item, count_column, &columns) || !count_rows(item, &t.n))
        return false;
    qir_vec_reserve(&r->entries, first + t.n);
    for (size_t i = 0; i < t.n; i++) {
        qcc_entry e = {.facts = QIR_NEW_ARRAY(qir_context_arena(r->ctx), qcc_fact, columns)};
        qir_vec_push(&r->entries, e);
    }
    t.entries = r->entries.data + first;
    return qir_json_each(item, read_column, &t);
}

static bool read_tables(reading *r, const qir_json *root, qcc_record *record)
{
    size_t n;
    r->entries.len = 0;
    if (!qir_json_count(root, &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        qir_json item = qir_json_item(root, i);
        if (!read_table(r, &item))
            return false;
    }
    record->nentries = r->entries.len;
    record->entries = QIR_NEW_ARRAY(qir_context_arena(r->ctx), qcc_entry, record->nentries);
    for (size_t i = 0; i < record->nentries; i++) {
        record->entries[i] = r->entries.data[i];
        if (!strcmp(record->entries[i].is, "model"))
            record->name = record->entries[i].name;
    }
    return record->name || qir_json_fail(root, "expected an entry of the model");
}

static bool read_text(reading *r, qir_bytes text)
{
    qcc_record record = {0};
    qir_json_file file;
    if (r->records.len == MAX_RECORDS)
        return fail(r, "more than 4096 notes of qcc");
    bool ok = qir_json_open(&file, r->ctx, r->path, ".note.qcc", "provenance.read", text);
    if (!ok)
        return false;
    qir_json root = qir_json_root(&file);
    ok = read_tables(r, &root, &record);
    qir_json_close(&file);
    if (ok)
        qir_vec_push(&r->records, record);
    return ok;
}

/* --- ELF -------------------------------------------------------------------------------------- */
static bool read_notes(reading *r, Elf_Data *data)
{
    GElf_Nhdr h;
    size_t name, text, at = 0, next;
    const char *bytes = data->d_buf;
    while ((next = gelf_getnote(data, at, &h, &name, &text)) > 0) {
        bool ours = h.n_namesz == 4 && !memcmp(bytes + name, "qcc", 4) && h.n_type == 1;
        qir_bytes copy = {
            (const unsigned char *)qir_arena_strndup(qir_context_arena(r->ctx), bytes + text, h.n_descsz),
            h.n_descsz};
        if (ours && !read_text(r, copy))
            return false;
        at = next;
    }
    return at == data->d_size || fail(r, "a note in section .note.qcc is cut off");
}

static bool read_sections(reading *r, Elf *elf)
{
    size_t names;
    if (elf_getshdrstrndx(elf, &names))
        return fail(r, "damaged: the names of the sections cannot be read");
    for (Elf_Scn *s = NULL; (s = elf_nextscn(elf, s));) {
        GElf_Shdr h;
        const char *name = gelf_getshdr(s, &h) ? elf_strptr(elf, names, h.sh_name) : NULL;
        if (!name || strcmp(name, ".note.qcc"))
            continue;
        Elf_Data *data = h.sh_type == SHT_NOTE ? elf_getdata(s, NULL) : NULL;
        if (!data || (data->d_size && !data->d_buf))
            return fail(r, "damaged: section .note.qcc cannot be read");
        if (!read_notes(r, data))
            return false;
    }
    return true;
}

static bool read_file(reading *r)
{
    qir_bytes file;
    if (!qir_read_file(r->diag, qir_context_arena(r->ctx), r->path, MAX_FILE, NULL, &file))
        return false;
    elf_version(EV_CURRENT);
    Elf *elf = file.len ? elf_memory((char *)(uintptr_t)file.data, file.len) : NULL;
    bool ok = elf && elf_kind(elf) == ELF_K_ELF
                  ? read_sections(r, elf)
                  : fail(r, "no ELF file; expected an object or executable with models of qcc");
    elf_end(elf);
    return ok && (r->records.len ||
                  fail(r, "no note of qcc in it: compiled with -fno-provenance, or by something else"));
}

bool qcc_read_provenance(qir_context *ctx, const char *path, qcc_record **out, size_t *n)
{
    reading r = {.ctx = ctx, .diag = qir_context_diag(ctx), .path = path};
    r.where = qir_loc_file(ctx, path, 0, 0);
    bool ok = read_file(&r);
    *out = QIR_NEW_ARRAY(qir_context_arena(ctx), qcc_record, r.records.len);
    if (r.records.len)
        memcpy(*out, r.records.data, r.records.len * sizeof **out);
    *n = r.records.len;
    qir_vec_free(&r.records);
    qir_vec_free(&r.entries);
    return ok;
}

const char *qcc_fact_of(const qcc_entry *e, const char *key)
{
    for (size_t i = 0; i < e->nfacts; i++)
        if (!strcmp(e->facts[i].key, key))
            return e->facts[i].value;
    return NULL;
}

void qcc_put_plain(qir_strbuf *out, const char *text)
{
    for (; *text; text++)
        qir_strbuf_putc(out, (unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text);
}

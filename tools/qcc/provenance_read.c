/* Notes of qcc in objects and executables.  libelf reads the file, from memory: one that shrinks meanwhile
 * does no harm, and what is damaged is an error. */
#include "provenance.h"
#include <gelf.h>
#include <string.h>
#include "io/json.h"
#include "qir/support/vec.h"

enum { MAX_FILE = 1 << 30, MAX_RECORDS = 4096 };

typedef struct reading {
    qir_context *ctx;
    qir_diag_engine *diag;
    const qir_loc *where;
    const char *path;
    QIR_VEC(qcc_record) records;
} reading;

static bool fail(const reading *r, const char *what)
{
    return qir_error(r->diag, r->where, "provenance.read", "%s", what);
}

/* --- the text of a note ----------------------------------------------------------------------- */
typedef struct filling {
    qcc_entry *entry;
    qir_arena *arena;
} filling;

static bool add_fact(void *user, const char *key, const qir_json *value)
{
    filling *f = user;
    const char *text;
    if (!qir_json_string(value, &text))
        return false;
    if (!strcmp(key, "is"))
        f->entry->is = text;
    else if (!strcmp(key, "name"))
        f->entry->name = text;
    else
        f->entry->facts[f->entry->nfacts++] =
            (qcc_fact){qir_arena_strndup(f->arena, key, strlen(key)), text};
    return true;
}

static bool count_fact(void *user, const char *key, const qir_json *value)
{
    (void)key, (void)value;
    ++*(size_t *)user;
    return true;
}

static bool read_entry(const reading *r, const qir_json *item, qcc_entry *e)
{
    size_t n = 0;
    qir_arena *arena = qir_context_arena(r->ctx);
    filling f = {e, arena};
    if (!qir_json_each(item, count_fact, &n))
        return false;
    *e = (qcc_entry){.facts = QIR_NEW_ARRAY(arena, qcc_fact, n)};
    return qir_json_each(item, add_fact, &f) &&
           ((e->is && e->name) || qir_json_fail(item, "expected the members 'is' and 'name'"));
}

static bool read_entries(const reading *r, const qir_json *root, qcc_record *record)
{
    if (!qir_json_count(root, &record->nentries))
        return false;
    record->entries = QIR_NEW_ARRAY(qir_context_arena(r->ctx), qcc_entry, record->nentries);
    for (size_t i = 0; i < record->nentries; i++) {
        qir_json item = qir_json_item(root, i);
        if (!read_entry(r, &item, &record->entries[i]))
            return false;
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
    ok = read_entries(r, &root, &record);
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

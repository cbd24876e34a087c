/* The bytes of a relocatable ELF file: header, contents of sections, relocations, symbols, names, table of
 * sections. */
#include <string.h>
#include "elf/elf.h"

typedef struct writer {
    qcg_elf *e;
    qir_strbuf *out;
    size_t start; /* of the file in `out` */
    qir_strbuf names;
    qir_map known; /* names -> offset */
    QIR_VEC(Elf64_Shdr) heads;
    size_t *number; /* of a symbol in the file, from 1 on */
} writer;

static uint32_t name_at(writer *w, const char *name)
{
    size_t known = (size_t)(uintptr_t)qir_strmap_get(&w->known, name, strlen(name));
    if (known || !*name)
        return (uint32_t)known;
    known = w->names.len;
    qir_strbuf_write(&w->names, name, strlen(name) + 1);
    qir_strmap_put(&w->known, name, strlen(name), (void *)(uintptr_t)known);
    return (uint32_t)known;
}

static uint32_t relocations_name(writer *w, const qcg_elf_section *s)
{
    return name_at(w, qir_arena_printf(w->e->arena, ".rela%s", s->name));
}

/* The end of the name of its relocations, if it has some. */
static uint32_t section_name(writer *w, const qcg_elf_section *s)
{
    static const uint32_t prefix = sizeof ".rela" - 1;
    return s->relocations.len ? relocations_name(w, s) + prefix : name_at(w, s->name);
}

static void align(writer *w, uint64_t to)
{
    while (to && (w->out->len - w->start) % to)
        qir_strbuf_putc(w->out, 0);
}

static Elf64_Shdr *add_head(writer *w, Elf64_Shdr head)
{
    align(w, head.sh_addralign);
    head.sh_offset = w->out->len - w->start;
    qir_vec_push(&w->heads, head);
    return &w->heads.data[w->heads.len - 1];
}

static void put_bytes(void *user, const void *data, size_t bytes)
{
    qir_strbuf_write(user, data, bytes);
}

static void write_section(writer *w, const qcg_elf_section *s)
{
    Elf64_Shdr *head = add_head(w, s->head);
    head->sh_name = section_name(w, s);
    head->sh_size = s->image ? qcg_image_bytes(s->image) : s->bytes.len;
    if (s->head.sh_flags & SHF_MERGE) { /* places in it are no entries to a linker any more */
        head->sh_flags &= ~(uint64_t)(SHF_MERGE | SHF_STRINGS);
        head->sh_entsize = 0;
    }
    if (s->image)
        qcg_image_put(s->image, put_bytes, w->out);
    else
        qir_strbuf_write(w->out, s->bytes.data, s->bytes.len);
}

static void write_relocations(writer *w, size_t number, size_t symtab)
{
    const qcg_elf_section *s = &w->e->sections.data[number - 1];
    if (!s->relocations.len)
        return;
    Elf64_Shdr *head = add_head(w, (Elf64_Shdr){.sh_type = SHT_RELA, .sh_flags = SHF_INFO_LINK, .sh_addralign = 8});
    head->sh_name = relocations_name(w, s);
    head->sh_link = (uint32_t)symtab;
    head->sh_info = (uint32_t)number;
    head->sh_entsize = sizeof(Elf64_Rela);
    head->sh_size = s->relocations.len * sizeof(Elf64_Rela);
    for (size_t i = 0; i < s->relocations.len; i++) {
        Elf64_Rela r = s->relocations.data[i];
        r.r_info = ELF64_R_INFO(w->number[ELF64_R_SYM(r.r_info)], ELF64_R_TYPE(r.r_info));
        qir_strbuf_write(w->out, (const char *)&r, sizeof r);
    }
}

static bool is_local(const qcg_elf_symbol *s)
{
    return ELF64_ST_BIND(s->sym.st_info) == STB_LOCAL;
}

/* Local ones first. */
static size_t number_symbols(writer *w)
{
    size_t n = w->e->symbols.len, next = 1, locals = 1;
    w->number = QIR_NEW_ARRAY(w->e->arena, size_t, n + 1);
    for (int local = 1; local >= 0; local--)
        for (size_t i = 0; i < n; i++)
            if (is_local(&w->e->symbols.data[i]) == local) {
                w->number[i + 1] = next++;
                locals += (size_t)local;
            }
    return locals;
}

static void write_symbols(writer *w, size_t locals, size_t strtab)
{
    size_t n = w->e->symbols.len + 1;
    Elf64_Sym *table = QIR_NEW_ARRAY(w->e->arena, Elf64_Sym, n);
    for (size_t i = 1; i < n; i++) {
        table[w->number[i]] = w->e->symbols.data[i - 1].sym;
        table[w->number[i]].st_name = name_at(w, w->e->symbols.data[i - 1].name);
    }
    Elf64_Shdr *head = add_head(w, (Elf64_Shdr){.sh_type = SHT_SYMTAB, .sh_addralign = 8});
    head->sh_name = name_at(w, ".symtab");
    head->sh_size = n * sizeof *table;
    head->sh_entsize = sizeof *table;
    head->sh_link = (uint32_t)strtab;
    head->sh_info = (uint32_t)locals;
    qir_strbuf_write(w->out, (const char *)table, head->sh_size);
}

static void write_names(writer *w)
{
    uint32_t name = name_at(w, ".strtab");
    Elf64_Shdr *head = add_head(w, (Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_name = name, .sh_addralign = 1});
    head->sh_size = w->names.len;
    qir_strbuf_write(w->out, w->names.data, w->names.len);
}

static void write_heads(writer *w)
{
    Elf64_Ehdr *head = &w->e->head;
    align(w, sizeof(uint64_t));
    head->e_shoff = w->out->len - w->start;
    head->e_shnum = (Elf64_Half)w->heads.len;
    head->e_shstrndx = (Elf64_Half)(w->heads.len - 1);
    qir_strbuf_write(w->out, (const char *)w->heads.data, w->heads.len * sizeof *w->heads.data);
    memcpy(w->out->data + w->start, head, sizeof *head);
}

void qcg_elf_write(qcg_elf *e, qir_strbuf *out)
{
    writer w = {.e = e, .out = out, .start = out->len};
    size_t n = e->sections.len, tables = 0;
    for (size_t i = 0; i < n; i++)
        tables += e->sections.data[i].relocations.len > 0;
    size_t symtab = 1 + n + tables, locals = number_symbols(&w);
    qir_strbuf_putc(&w.names, 0);
    qir_strbuf_write(out, (const char *)&e->head, sizeof e->head);
    add_head(&w, (Elf64_Shdr){0})->sh_offset = 0;
    for (size_t i = 0; i < n; i++)
        write_section(&w, &e->sections.data[i]);
    for (size_t i = 1; i <= n; i++)
        write_relocations(&w, i, symtab);
    write_symbols(&w, locals, symtab + 1);
    write_names(&w);
    write_heads(&w);
}

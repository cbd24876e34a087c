/* Sections of one name one behind another, symbols by name, relocations moved: what `ld -r` does, for what LLVM
 * writes.
 *
 * What parts share is found: hidden symbols become local ones, entries of constant tables (.rodata.cst16) that are
 * equal are stored once, a note that all parts bear is kept once.  LLVM's temporaries (.L...) become places in
 * sections, but for RISC-V, whose linkers want labels.  The input is LLVM's own: what it does not write is a bug. */
#include "elf/join.h"

#include <string.h>
#include "elf/elf.h"
#include "qir/support/assert.h"

/* Where a section of a part went. */
typedef struct place {
    size_t section; /* 0: nowhere */
    uint64_t at;
    uint64_t *entries; /* of a table of constants: where each is */
    bool again;        /* an earlier part had the same */
} place;

typedef struct part {
    const char *data;
    const Elf64_Ehdr *head;
    const Elf64_Shdr *sections;
    place *places;
    size_t *symbols; /* of each symbol the number in the file */
    int64_t *behind; /* and how far behind that it is */
} part;

static const char *text_of(const part *p, size_t table, uint32_t at)
{
    return p->data + p->sections[table].sh_offset + at;
}

/* ---- sections ---------------------------------------------------------------------------------- */
static qcg_elf_section *section(qcg_elf *e, size_t number)
{
    return &e->sections.data[number - 1];
}

static size_t find_section(const qcg_elf *e, const char *name, const Elf64_Shdr *head)
{
    for (size_t i = 0; i < e->sections.len; i++) {
        const qcg_elf_section *s = &e->sections.data[i];
        if (s->head.sh_type == head->sh_type && s->head.sh_flags == head->sh_flags &&
            s->head.sh_entsize == head->sh_entsize && !strcmp(s->name, name))
            return i + 1;
    }
    return 0;
}

static size_t add_section(qcg_elf *e, const char *name, const Elf64_Shdr *head)
{
    qcg_elf_section s = {.name = name, .head = *head};
    s.head.sh_link = s.head.sh_info = 0;
    qir_vec_push(&e->sections, s);
    return e->sections.len;
}

/* Constants of one size, which are found by symbols or exact places. */
static bool is_table(const Elf64_Shdr *s)
{
    return (s->sh_flags & (SHF_MERGE | SHF_STRINGS)) == SHF_MERGE && s->sh_entsize &&
           s->sh_size % s->sh_entsize == 0 && s->sh_entsize % s->sh_addralign == 0;
}

/* Says something of the whole object. */
static bool is_note(const Elf64_Shdr *s)
{
    return s->sh_type == SHT_NOTE || s->sh_type == SHT_RISCV_ATTRIBUTES;
}

static void append(qcg_elf *e, qcg_elf_section *s, const Elf64_Shdr *from, const char *data, place *to)
{
    enum { NOP = 0x90 };
    bool fills = e->head.e_machine == EM_X86_64 && (from->sh_flags & SHF_EXECINSTR);
    while (from->sh_addralign && s->bytes.len % from->sh_addralign)
        qir_strbuf_putc(&s->bytes, fills ? (char)NOP : 0);
    to->at = s->bytes.len;
    qir_strbuf_write(&s->bytes, data, from->sh_size);
}

static void append_entries(qcg_elf *e, qcg_elf_section *s, const Elf64_Shdr *from, const char *data, place *to)
{
    size_t each = from->sh_entsize, n = from->sh_size / each;
    to->entries = QIR_NEW_ARRAY(e->arena, uint64_t, n + 1);
    for (size_t i = 0; i < n; i++, data += each) {
        uint64_t known = (uint64_t)(uintptr_t)qir_strmap_get(&s->entries, data, each);
        to->entries[i] = known ? known - 1 : s->bytes.len;
        if (known)
            continue;
        qir_strmap_put(&s->entries, data, each, (void *)(uintptr_t)(s->bytes.len + 1));
        qir_strbuf_write(&s->bytes, data, each);
    }
    to->entries[n] = s->bytes.len;
}

static void place_section(qcg_elf *e, part *p, size_t i)
{
    const Elf64_Shdr *from = &p->sections[i];
    place *to = &p->places[i];
    if (from->sh_type == SHT_NULL || from->sh_type == SHT_SYMTAB || from->sh_type == SHT_STRTAB ||
        from->sh_type == SHT_RELA)
        return;
    QIR_ASSERT(from->sh_type != SHT_NOBITS && !(from->sh_flags & (SHF_GROUP | SHF_LINK_ORDER)),
               "section of a kind that LLVM is not asked for");
    const char *name = text_of(p, p->head->e_shstrndx, from->sh_name), *data = p->data + from->sh_offset;
    to->section = find_section(e, name, from);
    to->again = to->section && is_note(from);
    if (to->again)
        return;
    if (!to->section)
        to->section = add_section(e, name, from);
    qcg_elf_section *s = section(e, to->section);
    if (from->sh_addralign > s->head.sh_addralign)
        s->head.sh_addralign = from->sh_addralign;
    (is_table(from) ? append_entries : append)(e, s, from, data, to);
}

/* Where a place in a section of a part is now. */
static uint64_t moved(const part *p, size_t from, uint64_t at)
{
    const place *to = &p->places[from];
    uint64_t each = p->sections[from].sh_entsize;
    return to->entries ? to->entries[at / each] + at % each : to->at + at;
}

/* ---- symbols ----------------------------------------------------------------------------------- */
static size_t add_symbol(qcg_elf *e, const char *name, const Elf64_Sym *sym)
{
    qcg_elf_symbol s = {name, *sym};
    qir_vec_push(&e->symbols, s);
    return e->symbols.len;
}

static size_t section_symbol(qcg_elf *e, size_t number)
{
    qcg_elf_section *s = section(e, number);
    Elf64_Sym sym = {.st_info = ELF64_ST_INFO(STB_LOCAL, STT_SECTION), .st_shndx = (Elf64_Section)number};
    if (!s->symbol)
        s->symbol = add_symbol(e, "", &sym);
    return s->symbol;
}

/* Of all parts; where it is defined it is hidden from everybody else, if LLVM was told so. */
static size_t global_symbol(qcg_elf *e, const char *name, const Elf64_Sym *sym)
{
    size_t number = (size_t)(uintptr_t)qir_strmap_get(&e->globals, name, strlen(name));
    if (!number) {
        number = add_symbol(e, name, sym);
        qir_strmap_put(&e->globals, name, strlen(name), (void *)(uintptr_t)number);
    } else if (sym->st_shndx != SHN_UNDEF) {
        e->symbols.data[number - 1].sym = *sym;
    }
    Elf64_Sym *to = &e->symbols.data[number - 1].sym;
    if (to->st_shndx != SHN_UNDEF && ELF64_ST_VISIBILITY(to->st_other) == STV_HIDDEN) {
        to->st_info = ELF64_ST_INFO(STB_LOCAL, ELF64_ST_TYPE(to->st_info));
        to->st_other = STV_DEFAULT;
    }
    return number;
}

/* Has a part said what was compiled? */
static bool has_file(const qcg_elf *e)
{
    for (size_t i = 0; i < e->symbols.len; i++)
        if (ELF64_ST_TYPE(e->symbols.data[i].sym.st_info) == STT_FILE)
            return true;
    return false;
}

static size_t place_symbol(qcg_elf *e, const part *p, const char *name, Elf64_Sym sym, int64_t *behind)
{
    unsigned type = ELF64_ST_TYPE(sym.st_info);
    bool defined = sym.st_shndx != SHN_UNDEF && sym.st_shndx < SHN_LORESERVE;
    size_t in = defined ? p->places[sym.st_shndx].section : 0;
    if (defined) {
        if (type == STT_SECTION)
            return section_symbol(e, in);
        sym.st_value = moved(p, sym.st_shndx, sym.st_value);
        sym.st_shndx = (Elf64_Section)in;
    }
    if (ELF64_ST_BIND(sym.st_info) != STB_LOCAL)
        return global_symbol(e, name, &sym);
    if (defined && !strncmp(name, ".L", 2) && e->head.e_machine != EM_RISCV) {
        *behind = (int64_t)sym.st_value;
        return section_symbol(e, in);
    }
    if (type == STT_FILE && has_file(e))
        return 0;
    return add_symbol(e, name, &sym);
}

static void place_symbols(qcg_elf *e, const part *p, const Elf64_Shdr *table)
{
    const Elf64_Sym *sym = (const Elf64_Sym *)(p->data + table->sh_offset);
    size_t n = table->sh_size / sizeof *sym;
    for (size_t i = 1; i < n; i++)
        p->symbols[i] = place_symbol(e, p, text_of(p, table->sh_link, sym[i].st_name), sym[i], &p->behind[i]);
}

/* ---- relocations ------------------------------------------------------------------------------- */
static void move_relocations(qcg_elf *e, const part *p, const Elf64_Shdr *table)
{
    const Elf64_Rela *r = (const Elf64_Rela *)(p->data + table->sh_offset);
    const Elf64_Sym *syms = (const Elf64_Sym *)(p->data + p->sections[table->sh_link].sh_offset);
    const place *to = &p->places[table->sh_info];
    for (size_t i = 0; !to->again && i < table->sh_size / sizeof *r; i++) {
        size_t s = ELF64_R_SYM(r[i].r_info);
        Elf64_Rela moved_to = {.r_offset = to->at + r[i].r_offset,
                               .r_info = ELF64_R_INFO(p->symbols[s], ELF64_R_TYPE(r[i].r_info)),
                               .r_addend = r[i].r_addend + p->behind[s]};
        if (ELF64_ST_TYPE(syms[s].st_info) == STT_SECTION)
            moved_to.r_addend = (int64_t)moved(p, syms[s].st_shndx, (uint64_t)r[i].r_addend);
        qir_vec_push(&section(e, to->section)->relocations, moved_to);
    }
}

/* ---- all --------------------------------------------------------------------------------------- */
static part open_part(qcg_elf *e, const qir_strbuf *bytes)
{
    part p = {.data = bytes->data, .head = (const Elf64_Ehdr *)bytes->data};
    p.sections = (const Elf64_Shdr *)(p.data + p.head->e_shoff);
    p.places = QIR_NEW_ARRAY(e->arena, place, p.head->e_shnum);
    for (size_t i = 0; i < p.head->e_shnum; i++) {
        size_t symbols = p.sections[i].sh_type == SHT_SYMTAB ? p.sections[i].sh_size / sizeof(Elf64_Sym) : 0;
        p.symbols = symbols ? QIR_NEW_ARRAY(e->arena, size_t, symbols) : p.symbols;
        p.behind = symbols ? QIR_NEW_ARRAY(e->arena, int64_t, symbols) : p.behind;
    }
    return p;
}

static void each_section(qcg_elf *e, const part *p, uint32_t type, void (*take)(qcg_elf *, const part *, const Elf64_Shdr *))
{
    for (size_t i = 0; i < p->head->e_shnum; i++)
        if (p->sections[i].sh_type == type)
            take(e, p, &p->sections[i]);
}

static void take_part(qcg_elf *e, const qir_strbuf *bytes)
{
    part p = open_part(e, bytes);
    for (size_t i = 0; i < p.head->e_shnum; i++)
        place_section(e, &p, i);
    each_section(e, &p, SHT_SYMTAB, place_symbols);
    each_section(e, &p, SHT_RELA, move_relocations);
}

static void add_constants(qcg_elf *e, const qcg_elf_constants *c)
{
    enum { ALIGN = 64 };
    const Elf64_Shdr head = {.sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC, .sh_addralign = ALIGN};
    if (!c->image || !qcg_image_bytes(c->image))
        return;
    size_t number = add_section(e, c->section, &head);
    section(e, number)->image = c->image;
    qir_strmap_put(&e->globals, c->symbol, strlen(c->symbol), (void *)(uintptr_t)section_symbol(e, number));
}

void qcg_elf_join(qir_arena *arena, const qir_strbuf *parts, size_t n, const qcg_elf_constants *c, qir_strbuf *out)
{
    qcg_elf e = {.arena = arena, .head = *(const Elf64_Ehdr *)parts[0].data};
    add_constants(&e, c);
    for (size_t i = 0; i < n; i++)
        take_part(&e, &parts[i]);
    qcg_elf_write(&e, out);
}

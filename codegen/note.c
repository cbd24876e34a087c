/* The provenance note: section .note.qcc, an ELF note of owner "qcc" whose text the driver wrote.  It is
 * not allocated: it takes no memory at run time and nothing in a flashed image. */
#include <string.h>
#include "build.h"

/* Lines of .ascii; three octal digits for what might mean something. */
static void put_text(qir_strbuf *out, const char *text)
{
    for (const char *line = text; *line;) {
        size_t n = strcspn(line, "\n");
        n += line[n] == '\n';
        qir_strbuf_puts(out, ".ascii \"");
        for (const char *end = line + n; line < end; line++)
            if (*line < ' ' || *line > '~' || *line == '"' || *line == '\\')
                qir_strbuf_printf(out, "\\%03o", (unsigned char)*line);
            else
                qir_strbuf_putc(out, *line);
        qir_strbuf_puts(out, "\"\n");
    }
}

void qcg_note(qcg *g)
{
    const char *text = g->opts->note;
    if (!text || !qcg_is_elf(g->opts->triple))
        return;
    qir_strbuf out = {0};
    qir_strbuf_printf(&out,
                      ".pushsection .note.qcc,\"\",%%note\n"
                      ".balign 4\n.4byte 4, %zu, 1\n.asciz \"qcc\"\n",
                      strlen(text));
    put_text(&out, text);
    qir_strbuf_puts(&out, ".balign 4\n.popsection\n");
    LLVMAppendModuleInlineAsm(g->module, out.data, out.len);
    qir_strbuf_free(&out);
}

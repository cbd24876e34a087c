/* Runs compiled models and compares the bytes of their results: PROGRAM LEVEL.  tests.h has one row
 * per model.  Every buffer stands against an inaccessible page, first with its end, then with its begin: what
 * reads or writes outside dies. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "tests.h"

enum { MOST = 8 };

typedef struct array {
    unsigned char *data;
    size_t bytes;
} array;

static array guarded(size_t bytes, int at_end)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (bytes + page - 1) / page * page;
    unsigned char *p = mmap(NULL, room + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || (room && mprotect(p + page, room, PROT_READ | PROT_WRITE)))
        exit(4);
    memset(p + page, 0x7b, room);
    return (array){p + page + (at_end ? room - bytes : 0), bytes};
}

static array read_npy(const char *path, int at_end)
{
    unsigned char head[10];
    FILE *f = fopen(path, "rb");
    if (!f || fread(head, 1, sizeof head, f) != sizeof head)
        exit(2);
    fseek(f, 0, SEEK_END);
    long begin = 10 + head[8] + 256 * head[9], n = ftell(f) - begin;
    array a = guarded((size_t)n, at_end);
    fseek(f, begin, SEEK_SET);
    if (fread(a.data, 1, (size_t)n, f) != (size_t)n)
        exit(2);
    fclose(f);
    return a;
}

static int find_level(const struct test *t, const char *name)
{
    for (int i = 0; i < MOST && t->level_name(i)[0]; i++)
        if (!strcmp(t->level_name(i), name))
            return i;
    return -1;
}

static const char *run(const struct test *t, int level, int at_end)
{
    const qcc_model_info *info = t->info;
    const void *in[MOST];
    for (unsigned i = 0; i < info->input_count; i++)
        in[i] = read_npy(t->in[i], at_end).data;
    array want = read_npy(t->want, at_end), got = guarded(info->tensors[info->input_count].bytes, at_end);
    array scratch = guarded(info->scratch_bytes, at_end);
    void *out[] = {got.data};
    if (info->run_at(level, in, out, scratch.data, scratch.bytes))
        return "does not run";
    if (got.bytes != want.bytes)
        return "has another size than the evaluator's";
    return memcmp(got.data, want.data, got.bytes) ? "differs from the evaluator" : NULL;
}

int main(int argc, char **argv)
{
    int failed = argc != 2;
    for (size_t i = 0; argc == 2 && i < sizeof tests / sizeof *tests; i++)
        for (int at_end = 0; at_end < 2; at_end++) {
            const char *wrong = run(&tests[i], find_level(&tests[i], argv[1]), at_end);
            if (wrong)
                printf("%s at %s %s\n", tests[i].name, argv[1], wrong);
            failed |= wrong != NULL;
        }
    return failed;
}

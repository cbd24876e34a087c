/* Runs a compiled model on .npy inputs: PROGRAM OUTPUT BYTES INPUT...  Every buffer stands against
 * an inaccessible page, first with its end, then with its begin: what reads or writes outside dies.
 * The structs of the generated header hold one pointer per tensor, so arrays of pointers serve
 * every model. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "m.h"

static void *guarded(size_t bytes, int at_end)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (bytes + page - 1) / page * page;
    unsigned char *p = mmap(NULL, room + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || (room && mprotect(p + page, room, PROT_READ | PROT_WRITE)))
        exit(4);
    memset(p + page, 0x7b, room);
    return p + page + (at_end ? room - bytes : 0);
}

static void *read_npy(const char *path, int at_end)
{
    unsigned char head[10];
    FILE *f = fopen(path, "rb");
    if (!f || fread(head, 1, sizeof head, f) != sizeof head)
        exit(2);
    fseek(f, 0, SEEK_END);
    long begin = 10 + head[8] + 256 * head[9], n = ftell(f) - begin;
    void *data = guarded((size_t)n, at_end);
    fseek(f, begin, SEEK_SET);
    if (fread(data, 1, (size_t)n, f) != (size_t)n)
        exit(2);
    fclose(f);
    return data;
}

static void *run(int n, char **paths, size_t bytes, int at_end)
{
    const void *in[8];
    void *out[1] = {guarded(bytes, at_end)}, *scratch = guarded(M_SCRATCH_BYTES, at_end);
    for (int i = 0; i < n; i++)
        in[i] = read_npy(paths[i], at_end);
    if (m_run((const m_inputs *)in, (const m_outputs *)out, scratch, M_SCRATCH_BYTES))
        exit(3);
    return out[0];
}

int main(int argc, char **argv)
{
    size_t bytes = (size_t)atol(argv[2]);
    void *first = run(argc - 3, argv + 3, bytes, 1), *second = run(argc - 3, argv + 3, bytes, 0);
    FILE *f = fopen(argv[1], "wb");
    return memcmp(first, second, bytes) || !f || fwrite(first, 1, bytes, f) != bytes || fclose(f);
}

// Threads of oneTBB.
#include "read_ten.h"
#include "tbb_pool.hpp"

int main()
{
    constexpr unsigned threads = 4;
    tbb::task_arena arena(threads);
    const qcc_pool pool{&arena, threads, tbb_for};
    return read_ten(&pool);
}

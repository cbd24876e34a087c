int bad_run(int n);
float bad_sum(const float *x, int n);

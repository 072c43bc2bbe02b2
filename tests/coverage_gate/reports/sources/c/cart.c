#include <stdio.h>
#include <stdlib.h>

static int total(const int *prices, int count, int discount) {
    int sum = 0;
    for (int i = 0; i < count; i++) {
        if (prices[i] < 0) {
            return -1;
        }
        sum += prices[i];
    }
    if (discount > 0 && sum > 10)
        sum -= discount;
    return sum;
}

static int empty(int count) {
    return count == 0;
}

int main(int argc, char **argv) {
    int prices[] = {1, 2};
    if (argc > 5)
        return empty(atoi(argv[1]));
    printf("%d\n", total(prices, 2, 0));
    return 0;
}

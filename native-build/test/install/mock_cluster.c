// A mock cluster of one broker as a process: prints the address of its name server, and serves until its input ends.
#include <stdio.h>

#include "rocketmq_mock.h"

int main(void) {
  char address[128];
  rocketmq_mock* mock = rocketmq_mock_create(1, 1, 4, 1);
  if (mock == NULL || rocketmq_mock_name_servers(mock, address, sizeof address) != 0) {
    return 1;
  }
  puts(address);
  fflush(stdout);
  while (getchar() != EOF) {
  }
  rocketmq_mock_destroy(mock);
  return 0;
}

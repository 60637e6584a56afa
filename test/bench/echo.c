// A UDP echo with recvmmsg and sendmmsg: the upper limit of what one core can answer on this machine and kernel. Knows
// nothing of the protocol. Prints the port that the system chose, and ends with the process that started it.
//
// usage: echo

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

enum { BATCH = 64, DATAGRAM_BYTES_MAX = 2048, BUFFER_BYTES = 8 << 20 };

static char bytes[BATCH][DATAGRAM_BYTES_MAX];
static struct sockaddr_in peers[BATCH];
static struct iovec parts[BATCH];
static struct mmsghdr messages[BATCH];

int main(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int udp = socket(AF_INET, SOCK_DGRAM, 0);
  int wanted = BUFFER_BYTES;
  if (setsockopt(udp, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof wanted) != 0)
    setsockopt(udp, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted);
  struct sockaddr_in here = {.sin_family = AF_INET};
  socklen_t size = sizeof here;
  inet_aton("127.0.0.1", &here.sin_addr);
  if (bind(udp, (struct sockaddr *)&here, sizeof here) != 0 ||
      getsockname(udp, (struct sockaddr *)&here, &size) != 0) {
    perror("echo");
    return 1;
  }
  printf("%d\n", ntohs(here.sin_port));
  fflush(stdout);

  for (int i = 0; i < BATCH; i++) {
    parts[i].iov_base = bytes[i];
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    messages[i].msg_hdr.msg_name = &peers[i];
  }
  for (;;) {
    for (int i = 0; i < BATCH; i++) {
      parts[i].iov_len = DATAGRAM_BYTES_MAX;
      messages[i].msg_hdr.msg_namelen = sizeof peers[i];
    }
    int count = recvmmsg(udp, messages, BATCH, MSG_WAITFORONE, NULL);
    for (int i = 0; i < count; i++) parts[i].iov_len = messages[i].msg_len;
    for (int sent = 0; sent < count;) {
      int now = sendmmsg(udp, messages + sent, count - sent, 0);
      sent += now > 0 ? now : 1;
    }
  }
}

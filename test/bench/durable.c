// The floor of a durable server: takes the datagrams that are there, appends them with one write to a preallocated file,
// makes them durable with one fdatasync, then echoes them. Parses nothing, indexes nothing, finds no repeat. Prints the
// port that the system chose, and ends with the process that started it.
//
// usage: durable FILE

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 1024, DATAGRAM_BYTES_MAX = 2048, BUFFER_BYTES = 8 << 20, FILE_BYTES = 64 << 20 };

static char bytes[BATCH][DATAGRAM_BYTES_MAX], batch[BATCH * DATAGRAM_BYTES_MAX];
static struct sockaddr_in peers[BATCH];
static struct iovec parts[BATCH];
static struct mmsghdr messages[BATCH];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/** Opens the file and writes all of it once, so that later writes change neither its size nor its extents. */
static int preallocate(const char *path) {
  int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (file < 0) fail(path);
  for (off_t at = 0; at < FILE_BYTES; at += sizeof batch)
    if (pwrite(file, batch, sizeof batch, at) != sizeof batch) fail(path);
  if (fsync(file) != 0) fail(path);
  return file;
}

static int open_socket(void) {
  int udp = socket(AF_INET, SOCK_DGRAM, 0);
  int wanted = BUFFER_BYTES;
  if (setsockopt(udp, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof wanted) != 0)
    setsockopt(udp, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted);
  struct sockaddr_in here = {.sin_family = AF_INET};
  socklen_t size = sizeof here;
  inet_aton("127.0.0.1", &here.sin_addr);
  if (bind(udp, (struct sockaddr *)&here, sizeof here) != 0) fail("bind");
  if (getsockname(udp, (struct sockaddr *)&here, &size) != 0) fail("getsockname");
  printf("%d\n", ntohs(here.sin_port));
  fflush(stdout);
  return udp;
}

/** Makes the datagrams of a batch durable; returns where the next batch goes. */
static off_t keep(int file, off_t at, int count) {
  size_t length = 0;
  for (int i = 0; i < count; i++) {
    memcpy(batch + length, bytes[i], messages[i].msg_len);
    length += messages[i].msg_len;
  }
  // At the end it begins again at the start: a log that grows would also pay for its size.
  if (at + length > FILE_BYTES) at = 0;
  if (pwrite(file, batch, length, at) != (ssize_t)length || fdatasync(file) != 0) fail("write");
  return at + length;
}

int main(int count, char **words) {
  if (count != 2) {
    fprintf(stderr, "usage: durable FILE\n");
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int file = preallocate(words[1]);
  int udp = open_socket();
  for (int i = 0; i < BATCH; i++) {
    parts[i].iov_base = bytes[i];
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    messages[i].msg_hdr.msg_name = &peers[i];
  }
  for (off_t at = 0;;) {
    for (int i = 0; i < BATCH; i++) {
      parts[i].iov_len = DATAGRAM_BYTES_MAX;
      messages[i].msg_hdr.msg_namelen = sizeof peers[i];
    }
    int received = recvmmsg(udp, messages, BATCH, MSG_WAITFORONE, NULL);
    if (received <= 0) continue;
    at = keep(file, at, received);
    for (int i = 0; i < received; i++) parts[i].iov_len = messages[i].msg_len;
    for (int sent = 0; sent < received;) {
      int now = sendmmsg(udp, messages + sent, received - sent, 0);
      sent += now > 0 ? now : 1;
    }
  }
}

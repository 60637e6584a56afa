// A closed-loop TCP load for other servers: a connection for each device, at most one message under way on each, at most
// WINDOW in all. Speaks as much as that takes of MQTT (QoS 1), NATS (JetStream) and Redis (XADD). Prints `ready`, then for
// each line of its input, a number of seconds, loads the server and prints one line of JSON like load.c.
//
// usage: peer-load mqtt|nats|redis PORT WINDOW DEVICES

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DEVICES_MAX = 10000, MESSAGE_BYTES_MAX = 512, EVENTS = 256 };
static const size_t latencies_max = 1 << 22;
/** After the end of a load, answers are awaited for this long, s. */
static const double patience = 5.0;

typedef struct {
  int tcp;
  double sent_at; // 0 while no message is under way
  uint32_t round;
  char in[MESSAGE_BYTES_MAX];
  int length;
} device_t;

typedef struct {
  const char *name;
  /** Writes what is sent after connecting; returns its length. */
  int (*greet)(char *to, int device);
  const char *greeted; // how the answer to that ends
  int greeted_length;
  /** Writes one message; returns its length. */
  int (*write)(char *to, int device, uint32_t round, const char *payload);
  /** Whether the answer in `in` is complete: 1 if so, -1 if it is a refusal. */
  int (*answered)(const char *in, int length);
} protocol_t;

static device_t devices[DEVICES_MAX];
static int device_count, idle[DEVICES_MAX], idle_from, idle_count, epoll;
static float *latencies;
static size_t latency_count;
static uint64_t sent, received, received_in_time, strange;
static const protocol_t *protocol;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int mqtt_greet(char *to, int device) {
  memcpy(to, "\x10\x15\0\4MQTT\4\2\0\0\0\x09", 14);
  sprintf(to + 14, "dev%06d", device);
  return 23;
}

/** Retained, so that the last message of a device is kept as others keep all: without a subscriber it would be dropped. */
static int mqtt_write(char *to, int device, uint32_t round, const char *payload) {
  int length = strlen(payload), id = round % 65535 + 1;
  to[0] = 0x33;
  to[1] = 2 + 11 + 2 + length;
  memcpy(to + 2, "\0\x0b", 2);
  sprintf(to + 4, "r/dev%06d", device);
  to[15] = id >> 8;
  to[16] = id;
  memcpy(to + 17, payload, length);
  return 17 + length;
}

static int mqtt_answered(const char *in, int length) {
  return length < 4 ? 0 : in[0] == 0x40 ? 1 : -1;
}

static int nats_greet(char *to, int device) {
  return sprintf(to, "CONNECT {\"verbose\":false}\r\nSUB a.%06d 1\r\nPING\r\n", device);
}

static int nats_write(char *to, int device, uint32_t round, const char *payload) {
  return sprintf(to, "PUB r.dev%06d a.%06d %zu\r\n%s\r\n", device, device, strlen(payload), payload);
}

/** Whether the text ends with its second line end. */
static int two_lines(const char *in, int length) {
  const char *first = memmem(in, length, "\r\n", 2);
  return first != NULL && length >= first - in + 4 && memcmp(in + length - 2, "\r\n", 2) == 0;
}

static int nats_answered(const char *in, int length) {
  if (length > 0 && in[0] != 'M') return -1;
  return !two_lines(in, length) ? 0 : memmem(in, length, "\"seq\"", 5) != NULL ? 1 : -1;
}

static int redis_greet(char *to, int device) {
  (void)device;
  return sprintf(to, "PING\r\n");
}

static int redis_write(char *to, int device, uint32_t round, const char *payload) {
  return sprintf(to, "*5\r\n$4\r\nXADD\r\n$9\r\ndev%06d\r\n$1\r\n*\r\n$1\r\nr\r\n$%zu\r\n%s\r\n", device,
                 strlen(payload), payload);
}

static int redis_answered(const char *in, int length) {
  return length > 0 && in[0] != '$' ? -1 : two_lines(in, length);
}

static const protocol_t protocols[] = {
    {"mqtt", mqtt_greet, "\x20\x02\0\0", 4, mqtt_write, mqtt_answered},
    {"nats", nats_greet, "PONG\r\n", 6, nats_write, nats_answered},
    {"redis", redis_greet, "+PONG\r\n", 7, redis_write, redis_answered},
};

/** Connects a device and waits until the server has greeted it. */
static void join(int device, int port) {
  device_t *d = &devices[device];
  struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_aton("127.0.0.1", &there.sin_addr);
  d->tcp = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(d->tcp, (struct sockaddr *)&there, sizeof there) != 0) fail("connect");
  int yes = 1;
  setsockopt(d->tcp, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  char out[MESSAGE_BYTES_MAX], in[4096];
  int length = protocol->greet(out, device), got = 0, end = protocol->greeted_length;
  if (write(d->tcp, out, length) != length) fail("write");
  while (got < end || memcmp(in + got - end, protocol->greeted, end) != 0) {
    int more = read(d->tcp, in + got, sizeof in - got);
    if (more <= 0) fail("greeting");
    got += more;
  }
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = device};
  epoll_ctl(epoll, EPOLL_CTL_ADD, d->tcp, &event);
  idle[idle_count++] = device;
}

static void send_next(void) {
  int device = idle[idle_from];
  idle_from = (idle_from + 1) % device_count;
  idle_count--;
  device_t *d = &devices[device];
  char payload[64], out[MESSAGE_BYTES_MAX];
  // What the datagram of a report holds besides its id, which the topic, subject or key names.
  sprintf(payload, "01\t2026-11-22:10:10:10\tt=21.50 n=%08u", d->round++);
  int length = protocol->write(out, device, d->round, payload);
  d->sent_at = now();
  if (write(d->tcp, out, length) != length) fail("write");
  sent++;
}

/** Reads what came for a device; returns whether its message is answered. */
static int receive(int device, double end) {
  device_t *d = &devices[device];
  int more = read(d->tcp, d->in + d->length, sizeof d->in - d->length);
  if (more <= 0) fail("the server closed a connection");
  d->length += more;
  // NATS asks each connection once, soon after it began.
  if (d->length >= 6 && memcmp(d->in, "PING\r\n", 6) == 0) {
    if (write(d->tcp, "PONG\r\n", 6) != 6) fail("write");
    d->length -= 6;
    memmove(d->in, d->in + 6, d->length);
  }
  int answer = protocol->answered(d->in, d->length);
  if (answer == 0) return 0;
  double at = now();
  if (answer < 0 || d->sent_at == 0) strange++;
  if (latency_count < latencies_max) latencies[latency_count++] = (at - d->sent_at) * 1e6;
  d->sent_at = 0;
  d->length = 0;
  idle[(idle_from + idle_count++) % device_count] = device;
  received++;
  if (at < end) received_in_time++;
  return 1;
}

static void run(double seconds, int window) {
  sent = received = received_in_time = strange = latency_count = 0;
  double end = now() + seconds;
  struct epoll_event events[EVENTS];
  int under_way = 0;
  for (double at = now(); at < end || (under_way > 0 && at < end + patience); at = now()) {
    for (; at < end && under_way < window && idle_count > 0; under_way++) send_next();
    int count = epoll_wait(epoll, events, EVENTS, 1);
    for (int i = 0; i < count; i++) under_way -= receive(events[i].data.u32, end);
  }
}

static int ascending(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return x < y ? -1 : x > y;
}

static double quantile(double q) {
  return latency_count == 0 ? 0 : latencies[(size_t)((latency_count - 1) * q)];
}

static void print(double seconds) {
  qsort(latencies, latency_count, sizeof *latencies, ascending);
  printf("{\"sent\":%lu,\"received\":%lu,\"lost\":%lu,\"late\":0,\"strange\":%lu,\"rate\":%.0f,", sent, received,
         sent - received, strange, received_in_time / seconds);
  printf("\"p50\":%.0f,\"p99\":%.0f,\"p999\":%.0f,\"echoes\":0,\"codes\":{},\"samples\":[]}\n", quantile(.5),
         quantile(.99), quantile(.999));
  fflush(stdout);
}

int main(int count, char **words) {
  for (size_t i = 0; count == 5 && i < sizeof protocols / sizeof *protocols; i++)
    if (strcmp(words[1], protocols[i].name) == 0) protocol = &protocols[i];
  if (protocol == NULL || atoi(words[4]) < 1 || atoi(words[4]) > DEVICES_MAX) {
    fprintf(stderr, "usage: peer-load mqtt|nats|redis PORT WINDOW DEVICES\n");
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  epoll = epoll_create1(0);
  device_count = atoi(words[4]);
  latencies = malloc(latencies_max * sizeof *latencies);
  for (int device = 0; device < device_count; device++) join(device, atoi(words[2]));
  printf("ready\n");
  fflush(stdout);
  char line[64];
  while (fgets(line, sizeof line, stdin) != NULL) {
    run(atof(line), atoi(words[3]));
    print(atof(line));
  }
}

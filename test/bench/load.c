// A closed-loop UDP load: keeps a window of requests outstanding, at most one per device, and matches a reply to the
// request by the device it names. Counts replies by ACK code, so that a refusal never counts as work done. Prints one
// line of JSON.
//
// usage: load PORT SECONDS WINDOW DEVICES FIRST_ROUND TEMPLATE [FROM_PORT]
//   In TEMPLATE, \t is a TAB, %d the device (six digits), %n the round (eight digits), which starts at FIRST_ROUND, and %t
//   the time in UTC: a template with %d and %n never gives the same datagram twice. The third field of request and reply
//   must be dev%d.
//   @FILE in its place sends sealed packets that were made before: each follows its length in two bytes, ordered by
//   rounds, each round with one packet of every device. A reply names its device in the lowest 20 bits of its receiver
//   index and is counted by packet type. The load ends early if the packets run out.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 64, DATAGRAM_BYTES_MAX = 2048, BUFFER_BYTES = 8 << 20, DEVICES_MAX = 1000000, TIME_BYTES = 19 };
static const size_t latencies_max = 1 << 24;
/** A request without a reply for this long, in s, counts as lost, and its device becomes idle. */
static const double lost_after = 1.0;

typedef struct {
  double sent_at; // 0 while no request is outstanding
  uint32_t round;
} device_t;

typedef struct {
  char text[DATAGRAM_BYTES_MAX];
  int length;
  int places[16]; // offsets of the numbers; kinds: 'd' the device, 'n' the round, 't' the time
  char kinds[16];
  int count;
} template_t;

static template_t request;
static device_t *devices;
static int device_count;
static int *idle; // a ring of devices without an outstanding request
static int idle_from, idle_count;

static char out_bytes[BATCH][DATAGRAM_BYTES_MAX], in_bytes[BATCH][DATAGRAM_BYTES_MAX];
static struct iovec out_parts[BATCH], in_parts[BATCH];
static struct mmsghdr out[BATCH], in[BATCH];
static int picked[BATCH];

static char **packets; // each after its length; NULL if a template is sent
static uint32_t packet_count;

enum { SAMPLES = 16 };
static char samples[SAMPLES][DATAGRAM_BYTES_MAX]; // the last sealed replies
static int sample_bytes[SAMPLES];

static float *latencies;
static size_t latency_count;
static uint64_t sent, received, received_in_time, late, lost, codes[100], echoes, strange;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void read_template(const char *from) {
  template_t *t = &request;
  for (; *from != 0 && t->length < DATAGRAM_BYTES_MAX - 16; from++) {
    if (from[0] == '\\' && from[1] == 't') {
      t->text[t->length++] = '\t';
      from++;
    } else if (from[0] == '%' && strchr("dnt", from[1]) && from[1] != 0 && t->count < 16) {
      t->places[t->count] = t->length;
      t->kinds[t->count++] = from[1];
      t->length += from[1] == 'd' ? 6 : from[1] == 'n' ? 8 : TIME_BYTES;
      from++;
    } else {
      t->text[t->length++] = *from;
    }
  }
}

/** Writes the time in UTC, as 2026-11-22:10:10:10. */
static void write_time(char *to) {
  static time_t written;
  static char text[TIME_BYTES + 1];
  time_t at = time(NULL);
  if (at != written) strftime(text, sizeof text, "%Y-%m-%d:%H:%M:%S", gmtime(&at));
  written = at;
  memcpy(to, text, TIME_BYTES);
}

static void write_digits(char *to, int count, uint32_t value) {
  for (int i = count - 1; i >= 0; i--, value /= 10) to[i] = '0' + value % 10;
}

/** The index of a device's next packet; beyond `packet_count` after the last round. */
static uint64_t next_packet(int device) {
  return (uint64_t)devices[device].round * device_count + device;
}

static int packet_length(const char *packet) {
  return (uint8_t)packet[0] << 8 | (uint8_t)packet[1];
}

static void read_packets(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) fail(path);
  long size = ftell(file);
  char *bytes = malloc(size + 1);
  rewind(file);
  if (size < 3 || bytes == NULL || fread(bytes, 1, size, file) != (size_t)size) fail(path);
  fclose(file);
  packets = calloc(size / 3, sizeof *packets);
  for (long at = 0; at < size; at += 2 + packet_length(bytes + at)) packets[packet_count++] = bytes + at;
}

static int write_request(char *to, int device) {
  if (packets != NULL) {
    const char *packet = packets[next_packet(device)];
    memcpy(to, packet + 2, packet_length(packet));
    return packet_length(packet);
  }
  memcpy(to, request.text, request.length);
  for (int i = 0; i < request.count; i++) {
    char *place = to + request.places[i];
    if (request.kinds[i] == 'd') write_digits(place, 6, device);
    else if (request.kinds[i] == 'n') write_digits(place, 8, devices[device].round);
    else write_time(place);
  }
  return request.length;
}

static int next_idle(void) {
  int device = idle[idle_from];
  idle_from = (idle_from + 1) % device_count;
  idle_count--;
  return device;
}

static void put_idle(int device) {
  if (packets != NULL && next_packet(device) >= packet_count) return;
  idle[(idle_from + idle_count++) % device_count] = device;
}

/** The device that a sealed packet is for, or -1. */
static int receiver_of(const uint8_t *packet, int length) {
  const uint8_t *index = packet + (packet[0] == 4 ? 8 : 4);
  if (length < 24) return -1;
  int device = (index[1] & 15) << 16 | index[2] << 8 | index[3];
  return device < device_count ? device : -1;
}

/** The device that a request or reply names in its third field, or -1. */
static int device_of(const char *text, int length) {
  if (packets != NULL) return receiver_of((const uint8_t *)text, length);
  int tabs = 0, i = 0;
  while (i < length && tabs < 2) tabs += text[i++] == '\t';
  if (length - i < 9 || memcmp(text + i, "dev", 3) != 0) return -1;
  int device = 0;
  for (int j = i + 3; j < i + 9; j++) device = device * 10 + text[j] - '0';
  return device >= 0 && device < device_count ? device : -1;
}

static void count_code(const char *text, int length) {
  if (packets != NULL) {
    codes[text[0] & 7]++;
    int place = received % SAMPLES;
    memcpy(samples[place], text, length);
    sample_bytes[place] = length;
    return;
  }
  if (length > 6 && memcmp(text, "ACK\t", 4) == 0) codes[(text[4] - '0') % 10 * 10 + (text[5] - '0') % 10]++;
  else echoes++;
}

/** Sends as many requests as the window has room for. */
static void send_some(int udp, int room) {
  int count = 0;
  while (count < BATCH && count < room && idle_count > 0) {
    picked[count] = next_idle();
    out_parts[count].iov_len = write_request(out_bytes[count], picked[count]);
    count++;
  }
  if (count == 0) return;
  int done = sendmmsg(udp, out, count, 0);
  if (done < 0) done = 0;
  double at = now();
  for (int i = 0; i < done; i++) {
    devices[picked[i]].sent_at = at;
    devices[picked[i]].round++;
  }
  for (int i = done; i < count; i++) put_idle(picked[i]);
  sent += done;
}

/** Receives what has arrived; returns how many requests that answered. */
static int receive_some(int udp, double end) {
  int count = recvmmsg(udp, in, BATCH, MSG_DONTWAIT, NULL), answered = 0;
  double at = now();
  for (int i = 0; i < count; i++) {
    int device = device_of(in_bytes[i], in[i].msg_len);
    if (device < 0) {
      strange++;
    } else if (devices[device].sent_at == 0) {
      late++;
    } else {
      if (latency_count < latencies_max) latencies[latency_count++] = (at - devices[device].sent_at) * 1e6;
      devices[device].sent_at = 0;
      put_idle(device);
      count_code(in_bytes[i], in[i].msg_len);
      answered++;
      received++;
      if (at < end) received_in_time++;
    }
  }
  return answered;
}

/** Gives up requests that have waited too long; returns how many. */
static int give_up(void) {
  double at = now();
  int count = 0;
  for (int i = 0; i < device_count; i++) {
    if (devices[i].sent_at == 0 || at - devices[i].sent_at < lost_after) continue;
    devices[i].sent_at = 0;
    put_idle(i);
    count++;
  }
  lost += count;
  return count;
}

/** Runs the load; returns how long it sent, s. */
static double run(int udp, double seconds, int window) {
  int under_way = 0;
  double start = now(), end = start + seconds, looked = start;
  for (double at = now(); at < end || under_way > 0; at = now()) {
    if (under_way == 0 && idle_count == 0) return at - start;
    if (at < end) {
      uint64_t before = sent;
      send_some(udp, window - under_way);
      under_way += sent - before;
    }
    int answered = receive_some(udp, end);
    under_way -= answered;
    if (answered > 0) continue;
    struct pollfd readable = {udp, POLLIN, 0};
    poll(&readable, 1, 1);
    if (at - looked > lost_after / 4) {
      looked = at;
      under_way -= give_up();
    }
  }
  return seconds;
}

static int open_socket(int port, int from_port) {
  int udp = socket(AF_INET, SOCK_DGRAM, 0);
  int wanted = BUFFER_BYTES;
  if (setsockopt(udp, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof wanted) != 0)
    setsockopt(udp, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted);
  setsockopt(udp, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof wanted);
  struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_aton("127.0.0.1", &there.sin_addr);
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(from_port)};
  if (from_port != 0 && bind(udp, (struct sockaddr *)&here, sizeof here) != 0) fail("bind");
  if (connect(udp, (struct sockaddr *)&there, sizeof there) != 0) fail("connect");
  return udp;
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
  printf("{\"sent\":%lu,\"received\":%lu,\"lost\":%lu,\"late\":%lu,\"strange\":%lu,\"rate\":%.0f,", sent, received,
         lost, late, strange, received_in_time / seconds);
  printf("\"p50\":%.0f,\"p99\":%.0f,\"p999\":%.0f,\"echoes\":%lu,\"codes\":{", quantile(.5), quantile(.99),
         quantile(.999), echoes);
  const char *comma = "";
  for (int code = 0; code < 100; code++) {
    if (codes[code] == 0) continue;
    printf("%s\"%02d\":%lu", comma, code, codes[code]);
    comma = ",";
  }
  printf("},\"samples\":[");
  comma = "";
  for (int i = 0; i < SAMPLES; i++) {
    if (sample_bytes[i] == 0) continue;
    printf("%s\"", comma);
    for (int j = 0; j < sample_bytes[i]; j++) printf("%02x", (uint8_t)samples[i][j]);
    printf("\"");
    comma = ",";
  }
  printf("]}\n");
}

int main(int count, char **words) {
  if (count != 7 && count != 8) {
    fprintf(stderr, "usage: load PORT SECONDS WINDOW DEVICES FIRST_ROUND TEMPLATE [FROM_PORT]\n");
    return 2;
  }
  double seconds = atof(words[2]);
  device_count = atoi(words[4]);
  if (device_count < 1 || device_count > DEVICES_MAX) return 2;
  devices = calloc(device_count, sizeof *devices);
  idle = calloc(device_count, sizeof *idle);
  latencies = malloc(latencies_max * sizeof *latencies);
  if (words[6][0] == '@') read_packets(words[6] + 1);
  else read_template(words[6]);
  for (int i = 0; i < device_count; i++) {
    devices[i].round = strtoul(words[5], NULL, 10);
    put_idle(i);
  }
  for (int i = 0; i < BATCH; i++) {
    out_parts[i].iov_base = out_bytes[i];
    in_parts[i] = (struct iovec){in_bytes[i], DATAGRAM_BYTES_MAX};
    out[i].msg_hdr = (struct msghdr){.msg_iov = &out_parts[i], .msg_iovlen = 1};
    in[i].msg_hdr = (struct msghdr){.msg_iov = &in_parts[i], .msg_iovlen = 1};
  }
  int udp = open_socket(atoi(words[1]), count == 8 ? atoi(words[7]) : 0);
  print(run(udp, seconds, atoi(words[3])));
}

// A device in C11 with POSIX sockets: registers, logs in, beats, reports, answers questions, carries out commands. In text:
// nothing is secret (PROTOCOL.md sections 1 to 4 and 6; numbers in brackets are clauses). Codes: see device.py.
//   cc -std=c11 -O2 device.c -o device && IOT_PASSWORD=… ./device 192.0.2.1 9000 pi1 52:54:00:12:34:56 192.0.2.7 1994 60
// It needs no SHA-256. An ACK names its request by hash [1.9], so that a late one is not taken for that of the next request. Here
// each request has a socket, and so a port, of its own [4.8], to which only the server can send. And it sends no ACK 40: it
// answers a command at once with the result, which ends it as well [4.14]. The answer to a question has no hash [4.9].
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
enum { SILENCE = -1, DATAGRAM = 1201, WAITING = 32, DONE = 64 };
static struct command { long long number; char code[3], result[61]; } done[DONE]; // the latest ones, also in a file [4.14]
static char waiting[WAITING][256], login[512], registration[512], order[DATAGRAM];
static int first, count, listening, asking = -1, answer, every, file;
static long long measure_at, beat_at, number; // number: of the command in `order` that is to be carried out, or 0
static const char *id;
static struct addrinfo *server, *own;
static const char *measured(void) { return "temp=21.5"; } // what your device measures
static void carry_out(const char *text, struct command *it) { // what it can do
  strcpy(it->code, strncmp(text, "set relay=", 10) == 0 ? "01" : "16");
  snprintf(it->result, sizeof it->result, "%.60s", it->code[0] == '0' ? text + 4 : "unknown command");
}
static void stop(const char *why, int code) { exit((fprintf(stderr, "%s (%d)\n", why, code), 1)); }
static int is_busy(int code) { return code == SILENCE || code == 93 || code == 95; }
static int is_lost(int code) { return code == 41 || code == 51 || code == 61; }
static void format(char *to, int size, const char *head, const char *time, const char *text) {
  snprintf(to, size, "%s\t%s\t%s\t%zu\t%s", head, id, time, strlen(text), text);
}
static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}
static const char *stamp(void) { // with milliseconds, so that no report equals another: it would be a repeat [4.6]
  static char text[32];
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  strftime(text, 20, "%Y-%m-%d:%H:%M:%S", gmtime(&t.tv_sec));
  snprintf(text + 19, sizeof text - 19, ".%03d", (int)(t.tv_nsec / 1000000));
  return text;
}
static void take(int from) { // what the server sent. A `\t` of sscanf is any space: a message begins after exactly one TAB
  char text[DATAGRAM], reply[256], time[33];
  long long it, length = recv(from, text, sizeof text - 1, 0);
  int code, at = 0;
  text[length > 0 ? length : 0] = 0;
  if (from == asking && sscanf(text, "ACK\t%2d\t", &code) == 1) {
    answer = code;
    if (code >= 90) fprintf(stderr, "%s\n", text);
  } else if (sscanf(text, "QUERY\t%*2s\tserver\t%*s\t%*d\t%32[^\t]", time) == 1) {
    format(reply, sizeof reply, "DATA\t01", time, measured());
    send(listening, reply, strlen(reply), 0); // not from `asking`: its ACK answers no request
  } else if (number == 0 && sscanf(text, "STATUS\t%*2s\tserver\t#%lld\t%*d%*1[\t]%n", &it, &at) == 1 && at > 0) {
    number = it; // one command at a time: the server sends others again
    strcpy(order, text + at);
  }
}
// Takes what arrives until then, or until there is something to do: an answer if one is waited for. Measures meanwhile.
static void hear(long long until, int waits) {
  for (long long t; (t = now()) < until && (waits ? is_busy(answer) : count == 0 && number == 0);) {
    if (t >= measure_at) {
      measure_at = t + every * 1000LL;
      if (count == WAITING) first = (first + 1) % WAITING, count--; // the oldest report goes
      format(waiting[(first + count++) % WAITING], sizeof waiting[0], "DATA\t01", stamp(), measured());
      continue;
    }
    struct pollfd udp[] = {{listening, POLLIN, 0}, {asking, POLLIN, 0}};
    poll(udp, 2, (int)((until < measure_at ? until : measure_at) - t));
    for (int i = 0; i < 2; i++) udp[i].revents != 0 ? take(udp[i].fd) : (void)0;
  }
}
static int ask(const char *text) { // the same bytes up to 5 times until they are answered [6.1]; the code, or SILENCE
  if (asking >= 0) close(asking);
  asking = socket(AF_INET, SOCK_DGRAM, 0);
  connect(asking, server->ai_addr, server->ai_addrlen); // without a network it fails, as if all were lost
  answer = SILENCE;
  for (int sending = 0, wait = 2000 + now() % 1000; sending < 5 && is_busy(answer); sending++, wait *= 2) {
    send(asking, text, strlen(text), 0);
    hear(now() + wait, 1);
  }
  if (answer == 94) stop("the server wants encryption, use iot-client", answer);
  return answer;
}
static void log_in(void) { // returns when there is a session
  for (int code = SILENCE, registered = 0; code != 70;) {
    code = ask(login);
    if (code == 31 && !registered) registered = (code = ask(registration)) >= 0 && code <= 2;
    if (!is_busy(code) && code > 2 && code != 70) stop("refused", code);
  }
  beat_at = 0; // a STATUS comes first in a session: it states the interval, and sets the clock for reports that waited [4.5, 4.6]
}
static int request(const char *text) { // whether it is done or refused for good; else it is to be sent again later
  if (!is_lost(ask(text))) return !is_busy(answer);
  sleep(1); // two devices with one id do not log each other out without a pause
  log_in();
  return 0;
}
static void beat(void) {
  char text[256], message[32];
  snprintf(message, sizeof message, "heartbeat every=%d", every);
  format(text, sizeof text, "STATUS\t01", stamp(), message);
  beat_at = now() + every * 1000LL;
  request(text);
}
static void deliver(void) {
  char report[256];
  strcpy(report, waiting[first]);
  if (request(report) && strcmp(report, waiting[first]) == 0) first = (first + 1) % WAITING, count--;
}
static void keep(struct command *it) {
  if (pwrite(file, it, sizeof *it, (it - done) * sizeof *it) < 0 || fsync(file) != 0) stop("cannot write: commands", 0);
}
static void obey(void) { // once, also across restarts: it is noted before it begins. A repeat gets the old result
  char text[256];
  struct command *it = done, *oldest = done;
  for (; it < done + DONE && it->number != number; it++) oldest = it->number < oldest->number ? it : oldest;
  if (it == done + DONE) {
    it = oldest;
    *it = (struct command){number, "15", "interrupted"};
    keep(it);
    carry_out(order, it);
    keep(it);
  }
  snprintf(text, sizeof text, "DATA\t%s\t%s\t#%lld\t%zu\t%s", it->code, id, number, strlen(it->result), it->result);
  if (request(text)) number = 0;
}
int main(int args, char **arg) {
  const char *password = getenv("IOT_PASSWORD");
  if (args != 8 || password == NULL) stop("IOT_PASSWORD=… device HOST PORT ID MAC OWN_IP OWN_PORT SECONDS", args - 1);
  struct addrinfo form = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM};
  if (getaddrinfo(arg[1], arg[2], &form, &server) || getaddrinfo(arg[5], arg[6], &form, &own)) stop("no such address", 0);
  listening = socket(AF_INET, SOCK_DGRAM, 0);
  if (bind(listening, own->ai_addr, own->ai_addrlen) != 0) stop("the own address is not of this machine, or in use", 0);
  connect(listening, server->ai_addr, server->ai_addrlen); // so that it hears the server only
  if ((file = open("commands", O_RDWR | O_CREAT, 0600)) < 0 || pread(file, done, sizeof done, 0) < 0) stop("no file", 0);
  id = arg[3], every = atoi(arg[7]);
  snprintf(login, sizeof login, "LOGIN\t%s\t%s\t%s\t%s", id, password, arg[5], arg[6]);
  snprintf(registration, sizeof registration, "REGISTER\t%s\t%s\t%s\t%s\t%s", id, password, arg[4], arg[5], arg[6]);
  for (log_in();;) {
    if (now() >= beat_at) beat();
    else if (number != 0) obey();
    else if (count > 0) deliver();
    else hear(beat_at, 0);
  }
}

# A device in MicroPython: registers, logs in, beats, reports, answers questions, carries out commands. In text, so nothing is
# secret, the password neither (PROTOCOL.md sections 1 to 4 and 6; numbers in brackets are clauses). In main.py, when online:
#   from device import Device
#   Device("pi1", "password", "52:54:00:12:34:56", wlan.ifconfig()[0], 1994, ("192.0.2.1", 9000),
#          lambda: "temp=%.1f" % sensor.read(), lambda text: relay(text), every=60).run()
# What it does with each code, and without one:
#   00 01 02 40 50 70   done
#   93 95, silence      the same bytes again after 2, 4, 8, 16, 32 s, and from the beginning; reports wait meanwhile [6.1, 6.5]
#   41 51 61            the session has ended: LOGIN, then the same bytes again [6.5]
#   31 to LOGIN         not registered (any more): REGISTER, LOGIN. Again 31: a wrong password, it stops
#   94, others          it stops, a person has to decide; but a report with 90, 91, 92 is only left out
# It needs no true clock [4.6]. Without one, every start has the same times: so that no reading is taken for a repeat of one
# before the restart, each report ends in a word that no other has.
import binascii, hashlib, json, os, random, socket, time

LATER, LOST, REGISTERED = (None, "93", "95"), ("41", "51", "61"), ("00", "01", "02")
WAITING_MAX, DONE_MAX = 32, 64  # reports that wait, the oldest goes first; commands remembered [4.14]

def hash_of(raw):
    return binascii.hexlify(hashlib.sha256(raw).digest()).decode()

def after(ms):
    return time.ticks_add(time.ticks_ms(), ms)

class Device:
    def __init__(self, id, password, mac, ip, port, server, measure, carry_out, every=60, file="commands.json"):
        self.id, self.measure, self.carry_out, self.every, self.file = id, measure, carry_out, every, file
        self.login = "LOGIN\t%s\t%s\t%s\t%d" % (id, password, ip, port)
        self.registration = "REGISTER\t%s\t%s\t%s\t%s\t%d" % (id, password, mac, ip, port)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(socket.getaddrinfo("0.0.0.0", port)[0][-1])
        self.server = socket.getaddrinfo(server[0], server[1])[0][-1]  # an address is what getaddrinfo gives, not a tuple
        self.word, self.count, self.waiting = "%06x" % random.getrandbits(24), 0, []
        self.measure_at = self.beat_at = after(0)
        self.asked = self.code = self.command = None  # hash of the request under way, code of its answer; what to carry out
        try:
            with open(file) as f:
                self.done = json.load(f)  # [number, code, result]
        except (OSError, ValueError):
            self.done = []

    def run(self):
        self.log_in()
        while True:
            if self.command:
                self.obey()
            elif self.waiting:
                report = self.waiting[0]
                if self.request(report) not in LATER and report in self.waiting:
                    self.waiting.remove(report)
            elif time.ticks_diff(self.beat_at, after(0)) <= 0:
                self.request(self.beat())
            else:
                self.listen(self.beat_at)

    def log_in(self):
        """Returns when there is a session. A STATUS comes first in it: it states the interval and sets the clock [4.5, 4.6]."""
        registered = False
        while self.ask(self.login) != "70" or self.ask(self.beat()) in LOST:
            if self.code == "31" and not registered:
                registered = self.ask(self.registration) in REGISTERED
            if self.code not in LATER + LOST + REGISTERED:
                raise RuntimeError("refused with " + self.code)

    def beat(self):
        self.beat_at = after(self.every * 1000)
        return self.message("STATUS", "01", self.now(), "heartbeat every=%d" % self.every)

    def request(self, text):
        """Sends a request, logs in for it where that is needed. The code of its answer, None for silence."""
        while self.ask(text) in LOST:
            time.sleep(1)  # else two devices with one id would log each other out without a pause
            self.log_in()
        return self.code

    def ask(self, text):
        """Sends the same bytes up to 5 times until they are answered [6.1]. The code, None for silence."""
        raw, wait = text.encode(), 2000 + random.getrandbits(10)
        self.asked, self.code = hash_of(raw), None
        for sending in range(5):
            try:
                self.sock.sendto(raw, self.server)
            except OSError:  # no network: as if it were lost
                pass
            self.listen(after(wait << sending))
            if self.code not in LATER:
                break
        self.asked = None
        if self.code == "94":
            raise RuntimeError("the server wants encryption: use iot-client")
        return self.code

    def listen(self, until):
        """Takes what arrives until then, or until there is something to do. Measures when it is time, also while it waits."""
        while True:
            if time.ticks_diff(self.measure_at, after(0)) <= 0:
                self.measure_at, self.count = after(self.every * 1000), self.count + 1
                text = "%s %s-%d" % (self.measure(), self.word, self.count)
                self.waiting = self.waiting[1 - WAITING_MAX :] + [self.message("DATA", "01", self.now(), text)]
            left = time.ticks_diff(until, after(0))
            if left <= 0 or (self.code not in LATER if self.asked else self.command or self.waiting):
                return
            self.sock.settimeout(max(1, min(left, time.ticks_diff(self.measure_at, after(0)))) / 1000)
            try:
                raw, source = self.sock.recvfrom(1201)
                if source == self.server:
                    self.take(raw, raw.decode().split("\t"))
            except (OSError, UnicodeError):  # nothing came, or no text
                pass

    def take(self, raw, field):
        if field[0] == "ACK" and len(field) > 4 and field[4] == self.asked:  # a late one has another hash [6.3]
            self.code = field[1]
            if self.code[0] == "9":
                print("refused:", field[1:4] + field[5:])
        elif field[0] == "QUERY" and len(field) == 7 and field[2] == "server":  # the answer has its time [4.9]
            self.sock.sendto(self.message("DATA", "01", field[5], self.measure()).encode(), self.server)
        elif field[0] == "STATUS" and len(field) > 5 and field[2] == "server":
            if field[3][0] == "#":  # a command [4.14]. One at a time: the server sends others again
                if self.command and self.command[0] != field[3]:
                    return
                self.command = (field[3], "\t".join(field[5:]))
            self.sock.sendto(("ACK\t40\tserver\t%s\t%s" % (self.now(), hash_of(raw))).encode(), self.server)

    def obey(self):
        """Carries a command out once, also across restarts: it is noted before it begins. A repeat gets the old result."""
        (number, text), self.command = self.command, None
        entry = [old for old in self.done if old[0] == number]
        if not entry:
            entry = [[number, "15", "interrupted"]]
            self.note(self.done[1 - DONE_MAX :] + entry)
            try:
                result = self.carry_out(text)  # None if it does not know the command
                entry[0][1:] = ["16", "unknown command"] if result is None else ["01", str(result)[:60]]
            except Exception as error:
                entry[0][1:] = ["15", str(error)[:60]]
            self.note(self.done)
        self.request(self.message("DATA", entry[0][1], number, entry[0][2]))

    def note(self, done):
        self.done = done
        with open(self.file + ".new", "w") as f:
            json.dump(done, f)
        os.rename(self.file + ".new", self.file)

    def message(self, type, code, when, text):
        return "%s\t%s\t%s\t%s\t%d\t%s" % (type, code, self.id, when, len(text.encode()), text)

    def now(self):
        return str(int(time.time()))

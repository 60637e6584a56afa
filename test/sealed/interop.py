#!/usr/bin/python3
"""The other side of interop.test.ts, on dissononce (Debian: python3-dissononce).

    interop.py server PSK        prints {"port", "publicKey"}; serves one client: KEY, RESP, and the
                                 answers to the frames of each packet in one packet, until the
                                 client's CLOSE
    interop.py client PSK PORT   asks the server at PORT for its key, shakes hands, sends three
                                 TEXTs, two bundles and a CLOSE; prints what it saw as JSON

Each TEXT is sent back as an answer, those that ask for a receipt in one RECEIPT before them.
PSK is 64 hex digits. Nothing waits longer than TIMEOUT_S.
"""
import hashlib
import json
import os
import socket
import struct
import sys

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

import vectors

TIMEOUT_S = 20
VERSIONS = bytes([2, 2])
SERVER_TIME_MS = 1_795_338_906_250


def open_socket():
    endpoint = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    endpoint.settimeout(TIMEOUT_S)
    endpoint.bind(("127.0.0.1", 0))
    return endpoint


def answers_to(frames):
    """The plaintext that answers these frames: a RECEIPT, then the other TEXTs as they came."""
    receipted = [msgid for _, flags, msgid, _ in frames if flags == 2]
    said = vectors.receipt(b"50", SERVER_TIME_MS, *receipted) if receipted else b""
    for kind, flags, msgid, body in frames:
        assert kind == 1 and flags in (0, 2)
        if flags == 0:
            said += vectors.frame(kind, msgid, body, 1)
    return vectors.pad(said)


def serve(psk):
    static = os.urandom(32)
    public = vectors.key_pair(static).public.data
    endpoint = open_socket()
    print(json.dumps({"port": endpoint.getsockname()[1], "publicKey": public.hex()}), flush=True)
    own_index, peer_index, receive, send, sent = 0xA1B2C3D4, None, None, None, 0
    while True:
        packet, source = endpoint.recvfrom(2048)
        if packet[0] == 1:
            endpoint.sendto(vectors.head(2) + packet[4:20] + VERSIONS + bytes(2) + public, source)
        elif packet[0] == 3:
            assert packet == vectors.with_macs(packet[:116], public)
            state = vectors.start_responder(static, psk)
            peer_index, _, _ = vectors.read_init(state, packet)
            resp, (receive, send) = vectors.write_resp(state, public, own_index, peer_index)
            endpoint.sendto(resp, source)
        elif packet[0] == 6:
            receiver, _, plain = vectors.read_data(receive, packet)
            assert receiver == own_index
            frames = vectors.split(plain)
            if frames[-1][0] == 6:
                return
            endpoint.sendto(vectors.write_data(send, peer_index, sent, answers_to(frames)), source)
            sent += 1


def shake_hands(endpoint, psk, public):
    own_index, static, ephemeral = 0x0A0B0C0D, os.urandom(32), os.urandom(32)
    cookie, cookies = None, 0
    while True:
        # After a COOKIE the same INIT goes out again, with its mac2.
        state = vectors.start_initiator(static, public, psk, ephemeral)
        init = vectors.write_init(state, public, own_index, 1_795_305_600_000_000, 3, cookie)
        endpoint.send(init)
        packet = endpoint.recv(2048)
        if packet[0] == 5:
            assert packet[4:8] == struct.pack(">I", own_index)
            key = vectors.hmac256(hashlib.sha256(b"cookie--" + public).digest(), packet[8:24])
            cookie = ChaCha20Poly1305(key).decrypt(bytes(12), packet[24:], init[116:132])
            cookies += 1
            continue
        assert packet == vectors.with_macs(packet[:60], public)
        (peer_index, receiver), (send, receive) = vectors.read_resp(state, packet)
        assert receiver == own_index
        return own_index, peer_index, send, receive, state, cookies


def requests():
    """The frames of five packets: (flags, msgid, body) each."""
    msgids = iter(struct.pack(">II", 0x5EED, n) for n in range(100))
    for body in (b"", b"STATUS\t01\tasmith\t0\t0\t", b"x" * 1_156):
        yield [(0, next(msgids), body)]
    yield [(2, next(msgids), b"DATA\t01\tasmith\t%d\t2\t21" % n) for n in range(18)]
    yield [(flags, next(msgids), b"y" * (10 + n)) for n, flags in enumerate((0, 2, 0, 2, 0))]


def ask(psk, port):
    endpoint = open_socket()
    endpoint.connect(("127.0.0.1", port))
    nonce = os.urandom(16)
    endpoint.send(vectors.head(1) + nonce + bytes(44))
    key = endpoint.recv(2048)
    assert len(key) == 56 and key[0] == 2 and key[4:20] == nonce and key[20:22] == VERSIONS
    public = key[24:]
    own_index, peer_index, send, receive, state, cookies = shake_hands(endpoint, psk, public)
    answers = []
    for counter, frames in enumerate(requests()):
        plain = vectors.pad(b"".join(vectors.frame(1, msgid, body, flags) for flags, msgid, body in frames))
        endpoint.send(vectors.write_data(send, peer_index, counter, plain))
        receiver, _, said = vectors.read_data(receive, endpoint.recv(2048))
        assert receiver == own_index
        assert said == answers_to(vectors.split(plain))
        answers.append([len(body) for _, _, _, body in vectors.split(said)])
    close = vectors.pad(vectors.frame(6, bytes(8)))
    endpoint.send(vectors.write_data(send, peer_index, len(answers), close))
    handshake_hash = state.symmetricstate.get_handshake_hash().hex()
    print(json.dumps({"answers": answers, "cookies": cookies, "handshakeHash": handshake_hash}))


if __name__ == "__main__":
    role, psk_hex = sys.argv[1], sys.argv[2]
    if role == "server":
        serve(bytes.fromhex(psk_hex))
    else:
        ask(bytes.fromhex(psk_hex), int(sys.argv[3]))

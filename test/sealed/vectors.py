#!/usr/bin/python3
"""Makes lib/sealed/vectors/*.json with an implementation that is not this project's.

Noise comes from dissononce (Debian: python3-dissononce), ChaCha20-Poly1305 and Ed25519 from cryptography,
the rest from struct, hashlib and hmac. The output depends on nothing but this file:

    /usr/bin/python3 test/sealed/vectors.py && bun fmt
"""
import base64
import hashlib
import hmac
import json
import pathlib
import struct

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from dissononce.cipher.chachapoly import ChaChaPolyCipher
from dissononce.dh.x25519.private import PrivateKey
from dissononce.dh.x25519.public import PublicKey
from dissononce.dh.x25519.x25519 import X25519DH
from dissononce.extras.dh.dangerous.dh_nogen import NoGenDH
from dissononce.hash.sha256 import SHA256Hash
from dissononce.processing.handshakepatterns.interactive.IK import IKHandshakePattern
from dissononce.processing.impl.cipherstate import CipherState
from dissononce.processing.impl.handshakestate import HandshakeState
from dissononce.processing.impl.symmetricstate import SymmetricState
from dissononce.processing.modifiers.psk import PSKPatternModifier

PROLOGUE = b"iot-sealed/2"
ZEROS = bytes(32)


def secret(label, size=32):
    """Bytes that look random and are the same every time."""
    return hashlib.shake_256(label.encode()).digest(size)


def hmac256(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def key_pair(private):
    return X25519DH().generate_keypair(PrivateKey(private))


def handshake_state(ephemeral=None):
    dh = X25519DH()
    if ephemeral is not None:
        dh = NoGenDH(dh, PrivateKey(ephemeral))
    return HandshakeState(SymmetricState(CipherState(ChaChaPolyCipher()), SHA256Hash()), dh)


def ik_psk2():
    return PSKPatternModifier(2).modify(IKHandshakePattern())


def start_initiator(static, remote, psk, ephemeral=None):
    state = handshake_state(ephemeral)
    state.initialize(ik_psk2(), True, PROLOGUE, s=key_pair(static), rs=PublicKey(remote), psks=(psk,))
    return state


def start_responder(static, psk, ephemeral=None):
    state = handshake_state(ephemeral)
    state.initialize(ik_psk2(), False, PROLOGUE, s=key_pair(static), psks=(psk,))
    return state


def head(kind):
    return struct.pack(">B3x", kind)


def with_macs(unsigned, responder, cookie=None):
    mac1 = hmac256(hashlib.sha256(b"mac1----" + responder).digest(), unsigned)[:16]
    mac2 = bytes(16) if cookie is None else hmac256(cookie, unsigned + mac1)[:16]
    return unsigned + mac1 + mac2


def write_init(state, responder, sender, hs_counter, caps, cookie=None):
    noise = bytearray()
    state.write_message(struct.pack(">QI", hs_counter, caps), noise)
    return with_macs(head(3) + struct.pack(">I", sender) + bytes(noise), responder, cookie)


def read_init(state, packet):
    payload = bytearray()
    state.read_message(packet[8:116], payload)
    (sender,) = struct.unpack(">I", packet[4:8])
    return (sender,) + struct.unpack(">QI", payload)


def write_resp(state, responder, sender, receiver):
    noise = bytearray()
    ciphers = state.write_message(b"", noise)
    unsigned = head(4) + struct.pack(">II", sender, receiver) + bytes(noise)
    return with_macs(unsigned, responder), ciphers


def read_resp(state, packet):
    payload = bytearray()
    ciphers = state.read_message(packet[12:60], payload)
    assert payload == b""
    return struct.unpack(">II", packet[4:12]), ciphers


def write_data(cipher, receiver, counter, plain):
    header = head(6) + struct.pack(">IQ", receiver, counter)
    cipher.set_nonce(counter)
    return header + cipher.encrypt_with_ad(header, plain)


def read_data(cipher, packet):
    receiver, counter = struct.unpack(">IQ", packet[4:16])
    cipher.set_nonce(counter)
    return receiver, counter, cipher.decrypt_with_ad(packet[:16], packet[16:])


def frame(kind, msgid, body=b"", flags=0):
    return struct.pack(">BBH", kind, flags, len(body)) + msgid + body


def pad(frames):
    """The plaintext of DATA: frames back to back, then zeros up to a multiple of 16."""
    return frames + bytes(-len(frames) % 16)


def split(plain):
    """The frames in a plaintext: (kind, flags, msgid, body) each."""
    frames = []
    while plain and plain[0] != 0:
        kind, flags, length = struct.unpack(">BBH", plain[:4])
        assert len(plain) >= 12 + length
        frames.append((kind, flags, plain[4:12], plain[12:12 + length]))
        plain = plain[12 + length:]
    assert plain == bytes(len(plain)) and len(plain) < 16
    return frames


def receipt(code, time_ms, *msgids):
    return frame(9, bytes(8), code + struct.pack(">Q", time_ms) + b"".join(msgids), 1)


def counted(text):
    return bytes([len(text)]) + text.encode()


def write_voucher(asker, asker_key, target, target_key, expiry, signer):
    claim = counted(asker) + asker_key + counted(target) + target_key + struct.pack(">Q", expiry)
    return claim + signer.sign(b"iot-peer/1" + claim)


def asked(counter):
    """One to four reports, each with the wish for a receipt."""
    bodies = (b"DATA\t01\tasmith\t2026-11-22:09:15:06\t%d\t" % size + b"x" * size
              for size in range(counter % 50, counter % 50 + 1 + counter % 4))
    return pad(b"".join(frame(1, struct.pack(">II", counter, n), body, 2) for n, body in enumerate(bodies)))


def answered(counter):
    """The receipt of these reports, and the text of an answer."""
    msgids = (struct.pack(">II", counter, n) for n in range(1 + counter % 4))
    text = b"ACK\t40\tasmith\t2026-11-22:09:15:06\t" + b"0" * 64
    return pad(receipt(b"50", 1_795_338_906_000 + counter, *msgids) + frame(1, struct.pack(">Q", counter), text, 1))


def handshake_vector(name, psk, cookie):
    statics = secret(name + " initiator"), secret(name + " responder")
    ephemerals = secret(name + " initiator e"), secret(name + " responder e")
    responder_public = key_pair(statics[1]).public.data
    initiator = start_initiator(statics[0], responder_public, psk, ephemerals[0])
    responder = start_responder(statics[1], psk, ephemerals[1])
    hs_counter, caps, indexes = 1_795_305_600_000_000, 5, (0x01020304, 0xFFEEDDCC)
    init = write_init(initiator, responder_public, indexes[0], hs_counter, caps, cookie)
    assert read_init(responder, init) == (indexes[0], hs_counter, caps)
    resp, (from_initiator, from_responder) = write_resp(
        responder, responder_public, indexes[1], indexes[0]
    )
    read_resp(initiator, resp)
    handshake_hash = responder.symmetricstate.get_handshake_hash()
    assert handshake_hash == initiator.symmetricstate.get_handshake_hash()
    keys = from_initiator._key, from_responder._key
    messages = []
    for counter in (0, 1, 2, 1_000, 3_047, 2**24 - 1):
        for side, cipher in enumerate((from_initiator, from_responder)):
            plain = (asked, answered)[side](counter)
            wire = write_data(cipher, indexes[1 - side], counter, plain)
            messages.append({
                "from": ("initiator", "responder")[side],
                "counter": counter,
                "plaintext": plain.hex(),
                "wire": wire.hex(),
            })
    return {
        "name": name,
        "clause": "sealed, Packets",
        "psk": psk.hex(),
        "initiatorStatic": statics[0].hex(),
        "responderStatic": statics[1].hex(),
        "initiatorEphemeral": ephemerals[0].hex(),
        "responderEphemeral": ephemerals[1].hex(),
        "initiatorPublic": key_pair(statics[0]).public.data.hex(),
        "responderPublic": responder_public.hex(),
        "hsCounter": hs_counter,
        "caps": caps,
        "initiatorIndex": indexes[0],
        "responderIndex": indexes[1],
        "cookie": None if cookie is None else cookie.hex(),
        "init": init.hex(),
        "resp": resp.hex(),
        "handshakeHash": handshake_hash.hex(),
        "initiatorKey": keys[0].hex(),
        "responderKey": keys[1].hex(),
        "messages": messages,
    }


def accepted(name, clause, wire, /, **fields):
    shown = {key: value.hex() if isinstance(value, bytes) else value for key, value in fields.items()}
    return {"name": name, "clause": clause, "wire": wire.hex(), "fields": shown}


def rejected(name, clause, wire, reason):
    return {"name": name, "clause": clause, "wire": wire.hex(), "reject": reason}


def packet_vectors():
    nonce, public, salt = secret("nonce", 16), secret("public"), secret("salt", 16)
    noise1, noise2 = secret("noise 1", 108), secret("noise 2", 48)
    mac1, mac2, tag = secret("mac1", 16), secret("mac2", 16), secret("tag", 16)
    sealed, cookie = secret("sealed", 48), secret("cookie", 32)
    clause = "sealed, Packets"
    hello = head(1) + nonce + bytes(44)
    key = head(2) + nonce + bytes([2, 3]) + struct.pack(">H", 0x8001) + public
    init = head(3) + struct.pack(">I", 0xFFFFFFFF) + noise1 + mac1
    resp = head(4) + struct.pack(">II", 7, 0x80000000) + noise2 + mac1
    cookie_packet = head(5) + struct.pack(">I", 9) + salt + cookie
    data = head(6) + struct.pack(">IQ", 0xFEDCBA98, 2**24 - 1) + sealed
    longest = head(6) + struct.pack(">IQ", 1, 0) + secret("longest", 1_184)
    reset = head(7) + struct.pack(">I", 0xDEADBEEF) + tag
    vectors = [
        accepted("HELLO", clause, hello, type="hello", nonce=nonce),
        accepted("KEY", clause, key, type="key", nonce=nonce, versionMin=2, versionMax=3,
                 flags=0x8001, publicKey=public),
        accepted("INIT", clause, init + mac2, type="init", sender=0xFFFFFFFF, noise=noise1,
                 mac1=mac1, mac2=mac2),
        accepted("INIT without a cookie", clause, init + bytes(16), type="init",
                 sender=0xFFFFFFFF, noise=noise1, mac1=mac1, mac2=bytes(16)),
        accepted("RESP", clause, resp + bytes(16), type="resp", sender=7, receiver=0x80000000,
                 noise=noise2, mac1=mac1),
        accepted("COOKIE", clause, cookie_packet, type="cookie", receiver=9, salt=salt,
                 sealed=cookie),
        accepted("DATA with the last counter", clause, data, type="data", receiver=0xFEDCBA98,
                 counter=2**24 - 1, sealed=sealed),
        accepted("DATA of one block", clause, data[:48], type="data", receiver=0xFEDCBA98,
                 counter=2**24 - 1, sealed=sealed[:32]),
        accepted("DATA of 1,200 bytes", clause, longest, type="data", receiver=1, counter=0,
                 sealed=longest[16:]),
        accepted("RESET", clause, reset, type="reset", receiver=0xDEADBEEF, tag=tag),
        rejected("nothing", clause, b"", "size"),
        rejected("type 0", clause, bytes(64), "type"),
        rejected("type 8", clause, head(8) + bytes(60), "type"),
        rejected("a text datagram", clause, b"LOGIN\tasmith\tpassword\t127.0.0.1\t1994", "type"),
        rejected("one byte of text", clause, b"L", "type"),
        rejected("HELLO with a byte in its padding", clause, hello[:-1] + b"\1", "reserved"),
        rejected("KEY with no version in common with itself", clause,
                 head(2) + nonce + bytes([3, 1, 0, 0]) + public, "version"),
        rejected("RESP with a mac2", clause, resp + mac2, "reserved"),
        rejected("DATA of no block", clause, data[:32], "size"),
        rejected("DATA of half a block", clause, data + bytes(8), "size"),
        rejected("DATA over 1,200 bytes", clause, longest + bytes(16), "size"),
        rejected("DATA with a spent counter", "sealed, Rekey and replay",
                 head(6) + struct.pack(">IQ", 1, 2**24) + sealed, "counter"),
        rejected("DATA with a counter over 2^53", "sealed, Rekey and replay",
                 head(6) + struct.pack(">IQ", 1, 2**64 - 1) + sealed, "counter"),
    ]
    for name, wire in (("HELLO", hello), ("KEY", key), ("INIT", init + mac2),
                       ("RESP", resp + bytes(16)), ("COOKIE", cookie_packet), ("DATA", data),
                       ("RESET", reset)):
        for at in (1, 2, 3):
            marked = wire[:at] + b"\1" + wire[at + 1:]
            vectors.append(rejected(f"{name} with reserved byte {at} set", clause, marked, "reserved"))
        vectors.append(rejected(f"{name} with a byte more", clause, wire + b"\0", "size"))
    return vectors


def bundle(name, wire, *frames):
    """A plaintext, and what is in it: the fields of each frame that is accepted, a reason for each other."""
    return {"name": name, "clause": "sealed, Frames", "wire": wire.hex(), "frames": list(frames)}


def shown(kind, msgid, /, *, answer=False, **fields):
    hexed = {key: value.hex() if isinstance(value, bytes) else value for key, value in fields.items()}
    return {"kind": kind, "answer": answer, "msgid": msgid.hex(), **hexed}


def reject(reason):
    return {"reject": reason}


def single_frame_vectors():
    msgid = bytes.fromhex("fedcba9876543210")
    proof, ticket, server_key = secret("proof"), secret("ticket"), secret("server key")
    asker_key, target_key, signature = secret("asker"), secret("target"), secret("signature", 64)
    text = "ACK\t70\tasmith\t2026-11-22:09:14:06\t".encode() + b"0" * 64
    endpoint = counted("2001:db8::1") + struct.pack(">H", 65_535)
    resume = counted("asmith") + proof + endpoint
    claim = counted("a") + asker_key + counted("b" * 64) + target_key + struct.pack(">Q", 1_795_309_200)
    voucher = claim + signature
    fields = dict(askerId="a", askerKey=asker_key.hex(), targetId="b" * 64,
                  targetKey=target_key.hex(), expiry=1_795_309_200, signature=signature.hex())
    init = head(3) + secret("relayed init", 144)
    data = head(6) + struct.pack(">IQ", 1, 2) + secret("relayed data", 48)
    resp = head(4) + secret("relayed resp", 72) + bytes(16)
    server_time = struct.pack(">Q", 1_795_338_906_250)
    alive = frame(7, bytes(8))

    def ok(name, number, content, flags=0, /, *, kind, **rest):
        return bundle(name, pad(frame(number, msgid, content, flags)),
                      shown(kind, msgid, answer=flags == 1, **rest))

    def bad(name, kind, body, reason, flags=0):
        """Refused, and so alone: the frames around it are good."""
        wire = pad(alive + frame(kind, msgid, body, flags) + alive)
        around = shown("keepalive", bytes(8))
        return bundle(name, wire, around, reject(reason), around)

    return [
        ok("TEXT", 1, text, kind="text", body=text),
        ok("TEXT, an answer", 1, text, 1, kind="text", body=text),
        ok("TEXT that asks for a receipt", 1, text, 2, kind="text", body=text, receipt=True),
        ok("TEXT of nothing", 1, b"", kind="text", body=b""),
        ok("TEXT that fills its block", 1, b"four", kind="text", body=b"four"),
        ok("TEXT of 1,156 bytes", 1, secret("long", 1_156), kind="text", body=secret("long", 1_156)),
        ok("RESUME", 2, resume, kind="resume", id="asmith", proof=proof, ip="2001:db8::1", port=65_535),
        ok("TICKET", 3, ticket + server_key, kind="ticket", ticket=ticket, serverKey=server_key),
        ok("PEER", 4, voucher, 1, kind="peer", voucher=fields),
        ok("ERROR", 5, struct.pack(">H", 93) + "später".encode(), kind="error", code=93, text="später"),
        ok("ERROR without text", 5, struct.pack(">H", 65_535), kind="error", code=65_535, text=""),
        ok("CLOSE", 6, b"", kind="close"),
        ok("KEEPALIVE", 7, b"", kind="keepalive"),
        ok("RELAY of an INIT", 8, counted("bsmith") + init, kind="relay", id="bsmith", packet=init),
        ok("RELAY of a RESP", 8, counted("bsmith") + resp, kind="relay", id="bsmith", packet=resp),
        ok("RELAY of DATA", 8, counted("bsmith") + data, kind="relay", id="bsmith", packet=data),
        bundle("RECEIPT of one request", pad(receipt(b"40", 0, msgid)),
               shown("receipt", bytes(8), answer=True, code="40", timeMs=0, msgids=[msgid.hex()])),
        bundle("RECEIPT with the latest time", pad(receipt(b"50", 2**53 - 1, msgid)),
               shown("receipt", bytes(8), answer=True, code="50", timeMs=2**53 - 1, msgids=[msgid.hex()])),
        bad("kind 10", 10, b"", "kind"),
        bad("kind 255", 255, b"", "kind"),
        bad("RESUME without an id", 2, b"\0" + proof + endpoint, "id"),
        bad("RESUME with an id of 65", 2, counted("a" * 65) + proof + endpoint, "id"),
        bad("RESUME with a space in the id", 2, counted("a b") + proof + endpoint, "id"),
        bad("RESUME with a control character in the id", 2, counted("a\tb") + proof + endpoint, "id"),
        bad("RESUME with an id beyond ASCII", 2, b"\2\xc3\xa4" + proof + endpoint, "id"),
        bad("RESUME without an ip", 2, counted("a") + proof + b"\0\0\1", "ip"),
        bad("RESUME with an ip of 46", 2, counted("a") + proof + counted("1" * 46) + b"\0\1", "ip"),
        bad("RESUME with port 0", 2, counted("a") + proof + counted("::1") + b"\0\0", "port"),
        bad("RESUME with a byte more", 2, resume + b"\0", "length"),
        bad("RESUME with a byte less", 2, resume[:-1], "length"),
        bad("RESUME that asks for a receipt", 2, resume, "flags", 2),
        bad("TICKET with a byte less", 3, ticket + server_key[:-1], "length"),
        bad("TICKET with a byte more", 3, ticket + server_key + b"\0", "length"),
        bad("PEER with a byte more", 4, voucher + b"\0", "length"),
        bad("PEER without its signature", 4, claim, "length"),
        bad("PEER without an asker", 4, b"\0" + voucher[2:], "id"),
        bad("PEER with an expiry beyond 2^53", 4, claim[:-8] + b"\xff" * 8 + signature, "expiry-range"),
        bad("ERROR without a code", 5, b"\1", "length"),
        bad("ERROR that is not UTF-8", 5, b"\0\1\xff", "text"),
        bad("CLOSE with a body", 6, b"\0", "length"),
        bad("KEEPALIVE with a body", 7, b"\0", "length"),
        bad("KEEPALIVE that asks for a receipt", 7, b"", "flags", 2),
        bad("RELAY of nothing", 8, counted("bsmith"), "packet"),
        bad("RELAY of a HELLO", 8, counted("bsmith") + head(1) + bytes(60), "packet"),
        bad("RELAY of a RESET", 8, counted("bsmith") + head(7) + bytes(20), "packet"),
        bad("RELAY of a COOKIE", 8, counted("bsmith") + head(5) + bytes(52), "packet"),
        bad("RELAY of an INIT with a byte more", 8, counted("bsmith") + init + b"\0", "packet"),
        bad("RECEIPT of nothing", 9, b"50" + server_time, "length", 1),
        bad("RECEIPT with a byte less", 9, b"50" + server_time + msgid[1:], "length", 1),
        bad("RECEIPT with a byte more", 9, b"50" + server_time + msgid + b"\0", "length", 1),
        bad("RECEIPT with a code that is no digits", 9, b"5x" + server_time + msgid, "code", 1),
        bad("RECEIPT with a time beyond 2^53", 9, b"50" + struct.pack(">Q", 2**53) + msgid, "time", 1),
        bad("RECEIPT with a msgid", 9, b"50" + server_time + msgid, "flags", 1),
        bad("RECEIPT that is no answer", 9, b"50" + server_time + msgid, "flags"),
        bad("RECEIPT that asks for a receipt", 9, b"50" + server_time + msgid, "flags", 3),
        bad("TEXT, an answer that asks for a receipt", 1, text, "flags", 3),
        bad("TEXT with flag bit 2", 1, text, "flags", 4),
        bad("KEEPALIVE with flag bit 7", 7, b"", "flags", 129),
    ]


def bundle_vectors():
    msgids = [struct.pack(">II", 0x5EED0001, n) for n in range(200)]
    report = "DATA\t07\tasmith\t2026-11-22:09:15:30\t8\t21.5 °C".encode()
    text = b"ACK\t51\tasmith\t2026-11-22:09:15:30\t" + b"0" * 64
    many = [frame(1, msgid, report, 2) for msgid in msgids[:21]]
    listed = [msgid.hex() for msgid in msgids]

    def reported(msgid):
        return shown("text", msgid, body=report, receipt=True)

    alive, alive_frame = shown("keepalive", bytes(8)), frame(7, bytes(8))
    most = (1_168 - 22) // 8
    return [
        bundle("two reports", pad(many[0] + many[1]), reported(msgids[0]), reported(msgids[1])),
        bundle("as many reports as fit", pad(b"".join(many[:20])), *map(reported, msgids[:20])),
        bundle("a receipt, a text ACK and another receipt",
               pad(receipt(b"50", 1_795_338_930_000, *msgids[:18]) + frame(1, msgids[18], text, 1)
                   + receipt(b"40", 1_795_338_930_001, msgids[19])),
               shown("receipt", bytes(8), answer=True, code="50", timeMs=1_795_338_930_000,
                     msgids=listed[:18]),
               shown("text", msgids[18], answer=True, body=text),
               shown("receipt", bytes(8), answer=True, code="40", timeMs=1_795_338_930_001,
                     msgids=listed[19:20])),
        bundle("the longest receipt", pad(receipt(b"50", 1, *msgids[:most])),
               shown("receipt", bytes(8), answer=True, code="50", timeMs=1, msgids=listed[:most])),
        bundle("frames that fill their blocks", pad(alive_frame * 4), *[alive] * 4),
        bundle("msgids of all zeros and all ones",
               pad(frame(7, bytes(8)) + frame(7, b"\xff" * 8)), alive, shown("keepalive", b"\xff" * 8)),
        bundle("a report, a CLOSE and a frame after it",
               pad(many[0] + frame(6, msgids[1]) + alive_frame),
               reported(msgids[0]), shown("close", msgids[1]), alive),
        bundle("nothing", b"", reject("size")),
        bundle("kind 0", pad(frame(0, msgids[0])), reject("padding")),
        bundle("padding alone", bytes(16), reject("padding")),
        bundle("a block of padding too much", pad(alive_frame) + bytes(16), alive, reject("padding")),
        bundle("the last byte of the padding set", pad(alive_frame)[:-1] + b"\1", alive, reject("padding")),
        bundle("the second byte of the padding set",
               alive_frame + b"\0\1\0\0", alive, reject("padding")),
        bundle("the only byte of the padding set: a header cut short",
               frame(1, msgids[0], b"abc") + b"\1",
               shown("text", msgids[0], body=b"abc"), reject("size")),
        bundle("a header cut short", alive_frame * 2 + many[0][:8], alive, alive, reject("size")),
        bundle("a length beyond the end", b"\1\0\0\5" + msgids[0] + b"body", reject("length")),
        bundle("a length beyond the end in the middle: what follows is lost",
               pad(many[0] + b"\1\0\xff\xff" + msgids[1] + report + many[2]),
               reported(msgids[0]), reject("length")),
        bundle("a zero in place of a kind in the middle: what follows is lost",
               pad(many[0] + b"\0" + many[1][1:] + many[2]), reported(msgids[0]), reject("padding")),
        bundle("two bad frames and a good one between them",
               pad(frame(10, msgids[0]) + many[1] + frame(6, msgids[2], b"", 2) + many[3]),
               reject("kind"), reported(msgids[1]), reject("flags"), reported(msgids[3])),
    ]


def cipher_vectors():
    """Sizes around a block of ChaCha20 and of Poly1305, and counters that use each byte of the lower half."""
    vectors = []
    sizes = (0, 1, 15, 16, 17, 63, 64, 65, 80, 128, 1_168, 1_184)
    counters = (0, 1, 255, 256, 0x030201, 2**24 - 1, 0x80000000, 2**32 - 1)
    for n, size in enumerate(sizes):
        key, counter = secret(f"cipher {n}"), counters[n % len(counters)]
        associated = secret(f"associated {n}", (0, 16, 32, 64)[n % 4])
        plain = secret(f"plaintext {n}", size)
        nonce = bytes(4) + struct.pack("<Q", counter)
        vectors.append({
            "name": f"{size} bytes, counter {counter}, {len(associated)} bytes associated",
            "clause": "sealed, Packets",
            "key": key.hex(),
            "counter": counter,
            "associated": associated.hex(),
            "plaintext": plain.hex(),
            "sealed": ChaCha20Poly1305(key).encrypt(nonce, plain, associated).hex(),
        })
    return vectors


def proof_vectors():
    server = Ed25519PrivateKey.from_private_bytes(secret("voucher server"))
    server_public = server.public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw
    )
    responder = key_pair(secret("cookie responder")).public.data
    asker_key, target_key = (key_pair(secret(name)).public.data for name in ("asker", "target"))
    salt, cookie, mac1 = secret("cookie salt", 16), secret("the cookie", 16), secret("mac1", 16)
    key = hmac256(hashlib.sha256(b"cookie--" + responder).digest(), salt)
    sealed = ChaCha20Poly1305(key).encrypt(bytes(12), cookie, mac1)
    ticket = secret("ticket")
    proof = hmac256(ticket, "asmith".encode() + b"\0" + "pässword".encode())
    digest = base64.b64encode(hashlib.sha256(responder).digest()).decode().rstrip("=")
    return {
        "cookie": {
            "clause": "sealed, Packets",
            "responder": responder.hex(),
            "index": 0x01020304,
            "mac1": mac1.hex(),
            "wire": (head(5) + struct.pack(">I", 0x01020304) + salt + sealed).hex(),
            "cookie": cookie.hex(),
        },
        "ticket": {
            "clause": "sealed, Login",
            "ticket": ticket.hex(),
            "id": "asmith",
            "password": "pässword",
            "proof": proof.hex(),
            "stored": hashlib.sha256(proof).hexdigest(),
        },
        "voucher": {
            "clause": "sealed, Peers",
            "serverSeed": secret("voucher server").hex(),
            "serverPublic": server_public.hex(),
            "askerId": "asmith",
            "askerKey": asker_key.hex(),
            "targetId": "bsmith",
            "targetKey": target_key.hex(),
            "expiry": 1_795_309_200,
            "wire": write_voucher("asmith", asker_key, "bsmith", target_key, 1_795_309_200, server).hex(),
        },
        "fingerprint": {
            "clause": "sealed, Pinning",
            "key": responder.hex(),
            "text": "SHA256:" + digest,
        },
    }


def main():
    folder = pathlib.Path(__file__).resolve().parents[2] / "lib" / "sealed" / "vectors"
    handshakes = [
        handshake_vector("no psk", ZEROS, None),
        handshake_vector("a psk", secret("a psk"), None),
        handshake_vector("a psk and a cookie", secret("a psk"), secret("a cookie", 16)),
    ]
    topics = {
        "handshakes": handshakes,
        "packets": packet_vectors(),
        "frames": single_frame_vectors() + bundle_vectors(),
        "proofs": proof_vectors(),
        "cipher": cipher_vectors(),
    }
    for topic, content in topics.items():
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        (folder / f"{topic}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

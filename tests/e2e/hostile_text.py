"""Text that tries to command a terminal, a server that says it wherever a server may say something, and what must be left of it."""

import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness import Failure

BEL, ST = b"\x07", b"\x1b\\"
WORDS = [b"word", b" ", b"\n", b"**", b"*", b"`", b"```\n", b"# ", b"- ", b"> ", b"[a](b)", b"\\", "é中😀".encode(), b"\t"]
PLAIN_CONTROLS = [bytes([c]) for c in range(32)] + [b"\x7f", b"\r\n", b"a\rb", b"abc\b\b\b"]
WHOLE = [b"\x1bc", b"\x1b7", b"\x1b8", b"\x1b(0", b"\x1b)0", b"\x1bD", b"\x1bM", b"\x1bE", b"\x1bH", b"\x1b#8", b"\x1b=", b"\x1b>", b"\x1bN", b"\x1b%@", b"\x1b[!p", b"\x1b[?25l",
         b"\x1b[?1049h", b"\x1b[?2004h", b"\x1b[?1000h", b"\x1b[?5h", b"\x1b[2J", b"\x1b[3;5r", b"\x1b[6n", b"\x1b[c", b"\x1b[>c", b"\x1b[21t", b"\x1b[8m", b"\x1b[4h", b"\x1b[20h",
         b"\x1b[?7l", b"\x1b[0;1m", b"\x1b[0;36m", b"\x1b[s", b"\x1b[u"]


def control_sequence(random):
    parameters = b"".join(random.choice([b"0", b"1", b"31", b";", b"?", b">", b"38;5;9", b":", b" "]) for _ in range(random.randrange(4)))
    return parameters + bytes([random.randrange(0x40, 0x7F)])


def command_string(random):
    text = random.choice([b"0;owned", b"2;owned", b"52;c;ZXZpbA==", b"8;;http://evil.invalid", b"4;1;red", b"10;red", b"104", b"1337;File=x", b"777;notify;a;b", b"q#0", b""])
    return text + random.choice([BEL, ST, b"\xc2\x9c", b"\x9c", b""])


def hostile_piece(random):
    kind = random.randrange(9)
    if kind == 0:
        return random.choice(PLAIN_CONTROLS)
    if kind == 1:
        return random.choice(WHOLE)
    if kind == 2:
        return random.choice([b"\x1b[", b"\xc2\x9b", b"\x9b"]) + control_sequence(random)
    if kind == 3:
        return random.choice([b"\x1b]", b"\xc2\x9d", b"\x9d", b"\x1bP", b"\xc2\x90", b"\x1b_", b"\xc2\x9f", b"\x1b^", b"\x1bX", b"\xc2\x98"]) + command_string(random)
    if kind == 4:
        return chr(random.choice([*range(0x80, 0xA0), 0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFFF9, 0xE0041, 0xFEFF])).encode()
    if kind == 5:
        return bytes(random.randrange(256) for _ in range(random.randrange(1, 6)))
    if kind == 6:
        return random.choice(WHOLE)[: random.randrange(1, 4)]
    return random.choice(WORDS)


def hostile_text(random, pieces=30):
    """Bytes, seldom UTF-8."""
    return b"".join(hostile_piece(random) for _ in range(random.randrange(1, pieces)))


def hostile_line(random):
    """The same as a text that can stand in JSON as it is."""
    return hostile_text(random, 8).decode("utf-8", "replace")


def json_string(text):
    """A JSON string of any bytes: what is no UTF-8 stays as it is, which JSON does not allow and servers send."""
    return b'"' + re.sub(rb'[\x00-\x1f"\\]', lambda found: b"\\u%04x" % found[0][0], text) + b'"'


def check_that_only_ours(data, where=""):
    """Whether nothing but text, line ends and the SGR sequences that the program itself makes was sent; `where` ends up in the failure."""
    rest = re.sub(rb"\x1b\[0(;(1|2|3|4|36))*m|\x1b\[1;31m", b"", data)
    try:
        text = rest.decode()
    except UnicodeDecodeError as problem:
        raise Failure(f"  no UTF-8 on the terminal: {problem} in {data!r}{where}") from None
    for c in text:
        number = ord(c)
        harmless = c in "\r\n\t" or 0x20 <= number < 0x7F or number > 0x9F
        if not harmless or number in (0x61C, 0x200E, 0x200F) or 0x2028 <= number <= 0x202E or 0x2066 <= number <= 0x2069 or 0xE0000 <= number <= 0xE007F:
            raise Failure(f"  U+{number:04X} on the terminal, in {data!r}{where}")


class HostileServer:
    """`answer(path)` is a status and a body, which may be a list of parts that are sent apart."""

    def __init__(self, answer):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, body = answer(self.path)
                parts = body if isinstance(body, list) else [body]
                self.send_response(status)
                self.send_header("Content-Type", "text/event-stream" if isinstance(body, list) else "application/json")
                self.send_header("Content-Length", str(sum(map(len, parts))))
                self.end_headers()
                for part in parts:
                    self.wfile.write(part)
                    self.wfile.flush()
                    time.sleep(0.001)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self.server.server_port}"
        self.url = self.base_url + "/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def stream_of(pieces, end=b'data: {"choices":[{"delta":{},"finish_reason":"stop","index":0}]}\n\ndata: [DONE]\n\n'):
    """A streamed answer, one event for each piece, each event sent apart."""
    events = [b'data: {"choices":[{"delta":{"content":' + json_string(piece) + b'},"finish_reason":null,"index":0}]}\n\n' for piece in pieces]
    return events + [end]


def error_of(message, code="c"):
    return json.dumps({"error": {"message": message, "type": message, "code": code, "param": message}}).encode()

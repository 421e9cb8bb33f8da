"""Clients that mean no good, or are broken: each command prints what came of it, as JSON.

hostile.py PORT KEY COMMAND
"""

import json
import socket
import sys
import time

PORT, KEY, COMMAND = int(sys.argv[1]), sys.argv[2], sys.argv[3]
AUTHORIZATION = f"Authorization: Bearer {KEY}\r\n"


def connect():
    return socket.create_connection(("127.0.0.1", PORT), timeout=30)


def rest(connection):
    """All that comes until the server closes the connection."""
    got = b""
    try:
        while piece := connection.recv(65536):
            got += piece
    except ConnectionResetError:
        return got.decode("latin-1") + "RESET"
    return got.decode("latin-1")


def talk(text):
    """What is answered to these bytes, up to the end of the connection."""
    with connect() as connection:
        connection.sendall(text.encode("latin-1"))
        return rest(connection)


def one(text):
    """The head and body of one answer."""
    with connect() as connection:
        connection.sendall(text.encode("latin-1"))
        got = b""
        while b"\r\n\r\n" not in got:
            got += connection.recv(65536)
        head, _, body = got.partition(b"\r\n\r\n")
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                while len(body) < int(line.split(b":")[1]):
                    body += connection.recv(65536)
        return (head + b"\r\n\r\n" + body).decode("latin-1")


def status(text):
    return int(text.split(" ")[1]) if text.startswith("HTTP/1.1 ") else text


def dribble(prefix):
    """Sends a byte at a time until the server has enough of it."""
    with connect() as connection:
        connection.sendall(prefix.encode("latin-1"))
        connection.settimeout(0.05)
        while True:
            try:
                connection.sendall(b"a")
                got = connection.recv(65536)
                return status(got.decode("latin-1")) if got else "closed"
            except socket.timeout:
                continue
            except (ConnectionResetError, BrokenPipeError):
                return "closed"


PUT = f"PUT /v2/collections/c HTTP/1.1\r\nHost: x\r\n{AUTHORIZATION}"


def crowd():
    """More connections than the server takes: whoever waits is served when the others are gone."""
    crowd = [socket.socket() for _ in range(int(sys.argv[4]))]
    for connection in crowd:
        # The system's queue may be full too.
        connection.setblocking(False)
        connection.connect_ex(("127.0.0.1", PORT))
    time.sleep(0.5)
    for connection in crowd:
        connection.close()
    return status(one("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"))


def slow():
    with connect() as quiet:
        return {
            "head": dribble("GET /healthz HTTP/1.1\r\nHost: x\r\nX: "),
            "body": dribble(PUT + "Content-Length: 100000\r\n\r\n"),
            "quiet": rest(quiet),
            # Refused for its key before its body has come: that is the only answer.
            "answered": talk(
                "PUT /v2/collections/c HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"
            ).count("HTTP/1.1"),
        }


def malformed():
    chunked = PUT + "Transfer-Encoding: chunked\r\n\r\n"
    return {
        "nonsense": status(talk("nonsense\r\n\r\n")),
        "chunk": status(talk(chunked + "zz\r\n{}\r\n0\r\n\r\n")),
        "later chunk": status(talk(chunked + "2\r\n{}\r\n-1\r\n")),
        "two lengths": status(talk(PUT + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}")),
        "length and chunks": status(talk(PUT + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}")),
        "field": status(talk("GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + "a" * 100000 + "\r\n\r\n")),
        "fields": status(talk("GET /healthz HTTP/1.1\r\nHost: x\r\n" + "X: a\r\n" * 5000 + "\r\n")),
        "target": status(talk("GET /" + "a" * 100000 + " HTTP/1.1\r\nHost: x\r\n\r\n")),
        "alive": status(one("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")),
    }


def expect():
    with connect() as connection:
        connection.sendall((PUT + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n").encode())
        first = connection.recv(65536).decode()
        connection.sendall(b"{}")
        second = connection.recv(65536).decode()
    return {
        "first": status(first), "second": status(second),
        "large": status(talk(PUT + "Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n")),
    }


def hold():
    """Keeps a request whose body never ends."""
    with connect() as connection:
        connection.sendall((PUT + "Content-Length: 10\r\n\r\n{").encode())
        print("held", flush=True)
        return rest(connection)


print(json.dumps(globals()[COMMAND]()), flush=True)

"""What the machines of the benchmark run: each is a program for `python -c`, with its figures on stdout."""

PORT = 5001

#: Take what comes, for ever.
SINK = """
import socket, sys, threading
server = socket.create_server(("", int(sys.argv[1])), backlog=1000)
def take(peer):
    while peer.recv(1 << 20):
        pass
    peer.close()
while True:
    threading.Thread(target=take, args=(server.accept()[0],), daemon=True).start()
"""

#: Send to ADDRESS PORT for so many SECONDS; print the octets that the kernel was rid of, per second.
STREAM = """
import socket, sys, time
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])))
data, sent, end = bytes(1 << 18), 0, time.monotonic() + float(sys.argv[3])
began = time.monotonic()
while time.monotonic() < end:
    sent += peer.send(data)
print(sent / (time.monotonic() - began))
"""

#: Open and close connections to ADDRESS PORT for so many SECONDS; print how many a second.
CONNECT = """
import socket, struct, sys, time
made, began = 0, time.monotonic()
while time.monotonic() < began + float(sys.argv[3]):
    peer = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
    made += 1
print(made / (time.monotonic() - began))
"""

#: Send a datagram to ADDRESS PORT each millisecond, and note when each answer came, a line each.
ASK = """
import socket, sys, threading, time
link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
link.connect((sys.argv[1], int(sys.argv[2])))
def hear():
    while True:
        try:
            link.recv(100)
        except ConnectionError:
            continue
        print(time.monotonic(), flush=True)
threading.Thread(target=hear, daemon=True).start()
while True:
    link.send(b"?")
    time.sleep(0.001)
"""

#: Answer each datagram to PORT, and note when it came, a line each.
ANSWER = """
import socket, sys, time
link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
link.bind(("", int(sys.argv[1])))
while True:
    question, peer = link.recvfrom(100)
    print(time.monotonic(), flush=True)
    link.sendto(question, peer)
"""

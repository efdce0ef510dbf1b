/* The load generator: DHCP clients behind one interface, each with its own MAC address, all replies checked.
 *
 *     load exchange INTERFACE CLIENTS OUTSTANDING WARM_UP_S SECONDS   whole exchanges, without pause
 *     load first    INTERFACE CLIENTS OUTSTANDING WARM_UP_S SECONDS   likewise, each with a host name of its own
 *     load flood    INTERFACE CLIENTS RATE SECONDS AFTER_S            DISCOVERs of client 0, others meanwhile
 *     load crowd    INTERFACE CLIENTS CROWD RATE SECONDS              likewise, of each of so many the same
 *     load first-crowd   likewise, all with a host name of their own
 *
 * Client i has the MAC address 02:00:00 and i, and wants 10.16.16.0 plus i from the server 10.16.0.2: see plan.py.
 * Client 0 floods through an interface of its own, called flood: the queue that runs over there is nobody else's.
 * RATE is a client's; a crowd may be nobody, then the others are alone.
 * What was measured goes to stdout, as JSON. It blocks while it has nothing to do: the cores are the servers'.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 64, FRAME = 342, ROOM = 2048, BOOTP = 42, OPTIONS = BOOTP + 240, MOST_TIMES = 1 << 21 };
enum { DISCOVER = 1, OFFER = 2, REQUEST = 3, ACK = 5 };
enum { IDLE, WAITS_FOR_OFFER, WAITS_FOR_ACK };

static const uint32_t FIRST_ADDRESS = 0x0a101000, SERVER = 0x0a100002;
static const double TIMEOUT_S = 3.0, PROBE_INTERVAL_S = 0.02;

struct client { int state; uint32_t xid; double began; };

static struct client *clients;
static int client_count, sock;
static uint32_t next_xid;
static int names_itself;
static uint8_t sending[BATCH][ROOM], received[BATCH][ROOM];
static int to_send;
static double *times;
static long times_count;
static long sent, replies, unsummed, wrong, late;
static char first_wrong[80];

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void put16(uint8_t *p, uint16_t v) { v = htons(v); memcpy(p, &v, 2); }
static void put32(uint8_t *p, uint32_t v) { v = htonl(v); memcpy(p, &v, 4); }
static uint16_t get16(const uint8_t *p) { uint16_t v; memcpy(&v, p, 2); return ntohs(v); }
static uint32_t get32(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return ntohl(v); }

/* The one's complement sum of RFC 1071; zero when the checksum inside is right. */
static uint16_t checksum(const uint8_t *p, int length, uint32_t sum)
{
    for (; length > 1; p += 2, length -= 2)
        sum += get16(p);
    if (length)
        sum += *p << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return ~sum;
}

static uint32_t pseudo_header(const uint8_t *frame, int udp_length)
{
    return get16(frame + 26) + get16(frame + 28) + get16(frame + 30) + get16(frame + 32) + 17 + udp_length;
}

/* ---- sending */

static void flush_to(int out)
{
    struct mmsghdr messages[BATCH] = {0};
    struct iovec vectors[BATCH];
    for (int i = 0; i < to_send; i++) {
        vectors[i] = (struct iovec){sending[i], FRAME};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    for (int done = 0; done < to_send;) {
        int n = sendmmsg(out, messages + done, to_send - done, 0);
        if (n < 0 && errno != ENOBUFS && errno != EINTR)
            die("sendmmsg");
        done += n > 0 ? n : 0;
    }
    sent += to_send;
    to_send = 0;
}

static void flush(void) { flush_to(sock); }

static void send_request(int index, int type)
{
    static const uint8_t asked[] = {57, 2, 5, 220, 55, 10, 1, 3, 6, 12, 15, 26, 28, 42, 119, 121, 255};
    uint8_t *f = sending[to_send++], *options = f + OPTIONS;
    memset(f, 0, FRAME);
    memset(f, 0xff, 6);
    f[6] = 2;
    put32(f + 8, index);
    put16(f + 12, ETHERTYPE_IP);
    f[14] = 0x45;
    put16(f + 16, FRAME - 14);
    f[22] = 64;
    f[23] = 17;
    put32(f + 30, 0xffffffff);
    put16(f + 24, checksum(f + 14, 20, 0));
    put16(f + 34, 68);
    put16(f + 36, 67);
    put16(f + 38, FRAME - 34);
    memcpy(f + BOOTP, "\1\1\6", 3);
    put32(f + BOOTP + 4, clients[index].xid);
    memcpy(f + BOOTP + 28, f + 6, 6);
    put32(f + BOOTP + 236, 0x63825363);
    *options++ = 53, *options++ = 1, *options++ = type;
    if (names_itself) {
        *options++ = 12, *options++ = 8;
        for (int shift = 28; shift >= 0; shift -= 4)
            *options++ = "0123456789abcdef"[clients[index].xid >> shift & 15];
    }
    if (type == REQUEST) {
        *options++ = 50, *options++ = 4, put32(options, FIRST_ADDRESS + index), options += 4;
        *options++ = 54, *options++ = 4, put32(options, SERVER), options += 4;
    }
    memcpy(options, asked, sizeof asked);
    put16(f + 40, checksum(f + 34, FRAME - 34, pseudo_header(f, FRAME - 34)));
    if (to_send == BATCH)
        flush();
}

static void discover(int index)
{
    clients[index] = (struct client){WAITS_FOR_OFFER, ++next_xid, now()};
    send_request(index, DISCOVER);
}

/* ---- receiving */

static const uint8_t *find_option(const uint8_t *frame, int end, int code, int length)
{
    for (int at = OPTIONS; at < end && frame[at] != 255; at += frame[at] ? 2 + frame[at + 1] : 1)
        if (frame[at] == code && at + 1 < end)
            return frame[at + 1] == length && at + 2 + length <= end ? frame + at + 2 : NULL;
    return NULL;
}

/* Give what is wrong with a reply, or NULL; a reply that is right tells its client and message type. */
static const char *check(const uint8_t *f, int length, int *index, int *type)
{
    int udp_length = get16(f + 38), end = 34 + udp_length;
    if (length < OPTIONS + 4 || end > length || get16(f + 16) != 20 + udp_length)
        return "length";
    if (f[14] != 0x45 || checksum(f + 14, 20, 0))
        return "IP header checksum";
    if (!get16(f + 40))
        unsummed++;
    else if (checksum(f + 34, udp_length, pseudo_header(f, udp_length)))
        return "UDP checksum";
    if (get16(f + 36) != 68 || f[BOOTP] != 2 || get32(f + BOOTP + 236) != 0x63825363)
        return "not a reply to a client";
    *index = get32(f + BOOTP + 30);
    if (f[BOOTP + 28] != 2 || f[BOOTP + 29] || *index < 0 || *index >= client_count)
        return "chaddr";
    if (memcmp(f, f + BOOTP + 28, 6) && get32(f) != 0xffffffff)
        return "destination";
    const uint8_t *option = find_option(f, end, 54, 4);
    if (!option || get32(option) != SERVER)
        return "server id";
    if (get32(f + BOOTP + 16) != FIRST_ADDRESS + *index)
        return "yiaddr";
    option = find_option(f, end, 53, 1);
    if (!option || (*option != OFFER && *option != ACK))
        return "message type";
    *type = *option;
    return NULL;
}

static void note_wrong(const char *what)
{
    if (!wrong++)
        snprintf(first_wrong, sizeof first_wrong, "%s", what);
}

/* Wait for replies and hand over those that are right and awaited. */
static void receive(double until, void (*take)(int index, int type))
{
    struct mmsghdr messages[BATCH] = {0};
    struct iovec vectors[BATCH];
    double wait_s = until - now();
    struct timespec timeout = {0, wait_s > 0 ? wait_s * 1e9 : 0};
    struct pollfd readable = {.fd = sock, .events = POLLIN};
    if (ppoll(&readable, 1, &timeout, NULL) <= 0)
        return;
    for (int i = 0; i < BATCH; i++) {
        vectors[i] = (struct iovec){received[i], ROOM};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    int count = recvmmsg(sock, messages, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++) {
        int index = 0, type = 0;
        const char *complaint = check(received[i], messages[i].msg_len, &index, &type);
        replies++;
        if (complaint)
            note_wrong(complaint);
        else if (get32(received[i] + BOOTP + 4) != clients[index].xid || clients[index].state == IDLE)
            late++;
        else if ((type == OFFER) != (clients[index].state == WAITS_FOR_OFFER))
            note_wrong("message out of turn");
        else
            take(index, type);
    }
}

static void remember(double seconds)
{
    if (times_count < MOST_TIMES)
        times[times_count++] = seconds;
}

/* ---- whole exchanges */

static long exchanges, counted, lost;
static int outstanding;
static double counting_from, counting_until;

static void take_exchange(int index, int type)
{
    struct client *client = &clients[index];
    if (type == OFFER) {
        client->state = WAITS_FOR_ACK;
        send_request(index, REQUEST);
        return;
    }
    double at = now();
    client->state = IDLE;
    outstanding--;
    exchanges++;
    if (at >= counting_from && at < counting_until) {
        counted++;
        remember(at - client->began);
    }
}

static void give_up_on_the_lost(void)
{
    double at = now();
    for (int i = 0; i < client_count; i++)
        if (clients[i].state != IDLE && at - clients[i].began > TIMEOUT_S) {
            clients[i].state = IDLE;
            outstanding--;
            lost++;
        }
}

static void run_exchanges(int wanted, double warm_up_s, double seconds)
{
    double next_look = now() + 0.1;
    int next = 0;
    counting_from = now() + warm_up_s;
    counting_until = counting_from + seconds;
    while (now() < counting_until || (outstanding && now() < counting_until + TIMEOUT_S)) {
        for (int tries = 0; outstanding < wanted && tries < client_count && now() < counting_until; tries++) {
            if (clients[next].state == IDLE) {
                outstanding++;
                discover(next);
            }
            next = (next + 1) % client_count;
        }
        flush();
        receive(now() + 0.05, take_exchange);
        if (now() >= next_look) {
            give_up_on_the_lost();
            next_look += 0.1;
        }
    }
    printf("{\"exchanges\": %ld, \"counted\": %ld, \"seconds\": %.3f, \"lost\": %ld, ", exchanges, counted,
           seconds, lost + outstanding);
}

/* ---- some that flood, and others between them */

static long flooded_answers;
static int crowd;

static void take_flood(int index, int type)
{
    (void)type;
    if (index < crowd) {
        flooded_answers++;
        return;
    }
    clients[index].state = IDLE;
    remember(now() - clients[index].began);
}

static void run_flood(int out, double rate, double seconds, double after_s)
{
    double began = now(), next_probe = began;
    long flooded = 0, probes = 0;
    while (now() < began + seconds + after_s + 1) {
        double elapsed = now() - began;
        while (elapsed < seconds && flooded < elapsed * rate * crowd) {
            discover(flooded % crowd);
            if (++flooded % (BATCH / 2) == 0)
                flush_to(out);
        }
        flush_to(out);
        if (now() >= next_probe && elapsed < seconds + after_s) {
            discover(crowd + probes++ % (client_count - crowd));
            next_probe += PROBE_INTERVAL_S;
        }
        flush();
        receive(now() + (elapsed < seconds ? 0.0005 : 0.002), take_flood);
    }
    printf("{\"flooded\": %ld, \"flooded_answers\": %ld, \"probes\": %ld, \"lost\": %ld, ", flooded,
           flooded_answers + late, probes, probes - times_count);
}

/* ---- around both */

static int open_socket(const char *interface)
{
    struct sock_filter code[] = { /* IPv4 without options, UDP, from port 67 */
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x45, 0, 5),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 17, 0, 3),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 34), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 67, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, ROOM),        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog filter = {sizeof code / sizeof *code, code};
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};
    int size = 16 << 20, on = 1, made;
    address.sll_ifindex = if_nametoindex(interface);
    if (!address.sll_ifindex || (made = socket(AF_PACKET, SOCK_RAW, 0)) < 0)
        die(interface);
    if (setsockopt(made, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter)
        || setsockopt(made, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size)
        || setsockopt(made, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size)
        || setsockopt(made, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on)
        || bind(made, (struct sockaddr *)&address, sizeof address))
        die("socket");
    return made;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile(int percent)
{
    return times_count ? times[(times_count - 1) * percent / 100] : -1;
}

int main(int argc, char **argv)
{
    if (argc != 7)
        return fprintf(stderr, "see the head of the source\n"), 2;
    client_count = atoi(argv[3]);
    clients = calloc(client_count, sizeof *clients);
    times = calloc(MOST_TIMES, sizeof *times);
    next_xid = (uint32_t)(now() * 1e6);
    sock = open_socket(argv[2]);
    names_itself = !strncmp(argv[1], "first", 5);
    crowd = strstr(argv[1], "crowd") ? atoi(argv[4]) : 1;
    if (strstr(argv[1], "crowd"))
        run_flood(sock, atof(argv[5]), atof(argv[6]), 0);
    else if (!strcmp(argv[1], "flood"))
        run_flood(open_socket("flood"), atof(argv[4]), atof(argv[5]), atof(argv[6]));
    else
        run_exchanges(atoi(argv[4]), atof(argv[5]), atof(argv[6]));
    qsort(times, times_count, sizeof *times, compare);
    printf("\"p50_s\": %.6f, \"p99_s\": %.6f, \"max_s\": %.6f, \"sent\": %ld, \"replies\": %ld, \"unsummed\": %ld, "
           "\"wrong\": %ld, \"late\": %ld, \"first_wrong\": \"%s\"}\n",
           percentile(50), percentile(99), percentile(100), sent, replies, unsummed,
           wrong, late, first_wrong);
    return 0;
}

#include "server/api/network.h"

#include <arpa/inet.h>
#include <string.h>

struct network network_of(const char *address)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const unsigned char loopback[16] = {[15] = 1};
    struct network n = {{0}};
    unsigned char bytes[16];

    if (inet_pton(AF_INET, address, bytes) == 1) {
        n.bytes[0] = 4;
        memcpy(n.bytes + 1, bytes, 4);
    } else if (inet_pton(AF_INET6, address, bytes) == 1) {
        bool four = memcmp(bytes, mapped, sizeof(mapped)) == 0;
        n.bytes[0] = four ? 4 : 6;
        memcpy(n.bytes + 1, four ? bytes + 12 : bytes, four ? 4 : 8);
        if (memcmp(bytes, loopback, sizeof(loopback)) ==
            0) /* told apart from the rest of its network */
            n.bytes[15] = 1;
    }
    return n;
}

bool network_equal(struct network a, struct network b)
{
    return memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0;
}

bool network_is_here(struct network n)
{
    return n.bytes[0] == 0 || (n.bytes[0] == 4 && n.bytes[1] == 127) ||
           (n.bytes[0] == 6 && n.bytes[15] == 1);
}

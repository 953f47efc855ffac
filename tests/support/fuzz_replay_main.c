/* Runs a fuzz target over the files of its corpus, for builds without libFuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/err.h"
#include "lib/base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int main(int argc, char **argv)
{
    size_t n = 0;

    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        struct dirent *entry;
        while (dir != NULL && (entry = readdir(dir)) != NULL) {
            struct err err = ERR_INIT;
            char path[4096], *bytes;
            size_t len;
            snprintf(path, sizeof(path), "%s/%s", argv[i], entry->d_name);
            if (entry->d_name[0] == '.' || file_read_all(path, 32 << 20, &bytes, &len, &err) < 0)
                continue;
            LLVMFuzzerTestOneInput((const uint8_t *)bytes, len);
            free(bytes);
            n++;
        }
        if (dir != NULL)
            closedir(dir);
    }
    printf("%zu inputs replayed\n", n);
    return n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

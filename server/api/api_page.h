/*
 * api_page: the page's files, embedded in the program and compressed when it was built.
 */
#ifndef SLIPWAY_SERVER_API_API_PAGE_H
#define SLIPWAY_SERVER_API_API_PAGE_H

#include <stdbool.h>

#include "server/api/request.h"

enum request_next api_page_index(struct request *request, struct reply *reply);
enum request_next api_page_file(struct request *request, struct reply *reply);

/* An address that is none, typed into a browser: the page says so in the asker's language. Returns whether it does;
 * programs, and all who ask for the API or a file, get the problem as JSON. */
bool api_page_lost(const struct request *request, struct reply *reply);

#endif

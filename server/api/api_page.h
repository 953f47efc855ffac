/*
 * api_page: the page's files, embedded in the program and compressed when it was built.
 */
#ifndef SLIPWAY_SERVER_API_API_PAGE_H
#define SLIPWAY_SERVER_API_API_PAGE_H

#include "server/api/request.h"

enum request_next api_page_index(struct request *request, struct reply *reply);
enum request_next api_page_file(struct request *request, struct reply *reply);

#endif

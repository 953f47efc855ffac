/*
 * sim_github: what GitHub sends to the simulator's server, and what the server keeps of it (W2, W5).
 *
 * Merges bring releases; each is one delivery, which GitHub sends once: it is lost, late or doubled, and nobody answers while
 * the server is down. A row is written by the writer's next commit, and only then answered. What never came, or was forgotten
 * with an old store, is found in GitHub's list by walks back to the watermark (lib/rules/watermark).
 */
#ifndef SLIPWAY_TESTS_SUPPORT_SIM_GITHUB_H
#define SLIPWAY_TESTS_SUPPORT_SIM_GITHUB_H

#include <stdbool.h>

#define SIM_DELIVERIES 512

struct sim_store;

void sim_github_reset(void);
/* Merges, and what arrives. */
void sim_github_step(void);
/* The server's part: its commit, and its walk. */
void sim_github_serve(struct sim_store *store);
/* What was in its memory is gone. */
void sim_github_server_died(void);

/* Deliveries that GitHub sent, 1.. */
int sim_github_count(void);
/* Was it sent so long ago that each walk has been there? */
bool sim_github_is_old(int delivery);

#endif

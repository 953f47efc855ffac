/*
 * doctor_github: what the doctor says of GitHub's side: does it reach us, could all of it be read, does it still
 * call things as we do, can the mirrors be read?
 */
#ifndef SLIPWAY_SERVER_API_DOCTOR_GITHUB_H
#define SLIPWAY_SERVER_API_DOCTOR_GITHUB_H

struct examination;

int doctor_github_check(struct examination *x);

#endif

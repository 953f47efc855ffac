/*
 * doctor_aws: what the doctor says of AWS: does it answer, and are the hosts there that roles by ssm name?
 */
#ifndef SLIPWAY_SERVER_API_DOCTOR_AWS_H
#define SLIPWAY_SERVER_API_DOCTOR_AWS_H

struct examination;

int doctor_aws_check(struct examination *x);

#endif

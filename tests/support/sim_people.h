/*
 * sim_people: who decides in the simulator, at any time, by what the server shows; who says that he looked into the database
 * did so. A fence is advanced, a barred host accepted, an attempt settled, a deployment cancelled or gone on with.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_SIM_PEOPLE_H
#define SLIPWAY_TESTS_SUPPORT_SIM_PEOPLE_H

void sim_people_step(void);

#endif

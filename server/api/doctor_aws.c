#include "server/api/doctor_aws.h"

#include "lib/base/arena.h"
#include "server/api/api.h"
#include "server/api/examination.h"
#include "server/flow/carrier.h"

int doctor_aws_check(struct examination *x)
{
    struct arena *arena = x->view->request->arena;
    struct carrier_report report;
    const char *why;

    carrier_report(x->view->request->api->carrier, &report);
    if (!report.wanted)
        return 0;
    why = report.trouble[0] != '\0' ? arena_str(arena, report.trouble)
          : report.answered_at == 0
              ? messages_fill(arena, x->view->language, "doctor.aws.begins", NULL, 0)
              : "";
    examination_say(x,
                    &(struct finding){.name = "aws",
                                      .state = *why == '\0'                ? CHECK_OK
                                               : report.trouble[0] != '\0' ? CHECK_FAIL
                                                                           : CHECK_WARN,
                                      .values = {{"where", arena_str(arena, report.endpoint)},
                                                 {"n", examination_number(x, (int64_t)report.open)},
                                                 {"why", why}},
                                      .n_values = 3});
    return 0;
}

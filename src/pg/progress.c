/*
 * src/pg/progress.c
 *		Progress of a validation, for other sessions to see.
 *
 * Shared memory of our own would need shared_preload_libraries.  The
 * application name of a session needs nothing, is seen at once by everybody,
 * and is where people look anyway: "emvalid: EMD-1127 0.b components 40%".
 * The view em_progress takes it apart again.  The session's own name comes
 * back when the check ends or its transaction aborts.
 */
#include "emvalid_pg.h"

#include "utils/backend_status.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#define INTERVAL_MS 250			/* between two reports */
#define CODE_BYTES 8

static char label[NAMEDATALEN];
static char check_code[CODE_BYTES];
static TimestampTz last;

/* Give the session its own name back. */
static void
restore_name(void)
{
	if (check_code[0] != '\0')
		pgstat_report_appname(application_name != NULL ? application_name : "");
	check_code[0] = '\0';
}

/* Name the entry that the next checks belong to; NULL ends all reports. */
void
emvalid_progress_label(const char *entry)
{
	restore_name();
	strlcpy(label, entry != NULL ? entry : "", sizeof(label));
	/* as for every application name: sessions of any encoding must be able to read it */
	for (char *c = label; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

/* A check begins, or has ended (NULL). */
void
emvalid_progress_check(const char *code)
{
	restore_name();
	if (code == NULL || label[0] == '\0')
		return;
	strlcpy(check_code, code, sizeof(check_code));
	last = 0;
	emvalid_report_progress(NULL, "starting", 0);
}

/* em_progress_fn: at most four reports a second; the entry is cut so that the numbers fit. */
void
emvalid_report_progress(void *arg, const char *phase, double fraction)
{
	char		tail[NAMEDATALEN];
	char		name[2 * NAMEDATALEN];
	TimestampTz now;
	int			room;

	if (check_code[0] == '\0')
		return;
	now = GetCurrentTimestamp();
	if (!TimestampDifferenceExceeds(last, now, INTERVAL_MS))
		return;
	last = now;
	snprintf(tail, sizeof(tail), " %s %.24s %d%%", check_code, phase, (int) (100 * Min(Max(fraction, 0), 1)));
	room = NAMEDATALEN - 1 - (int) strlen("emvalid: ") - (int) strlen(tail);
	snprintf(name, sizeof(name), "emvalid: %.*s%s", Max(room, 0), label, tail);
	pgstat_report_appname(name);
}

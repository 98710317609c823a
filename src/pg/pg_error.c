/*
 * src/pg/pg_error.c
 *		From libem's status to PostgreSQL's errors: one table.
 */
#include "emvalid_pg.h"

#include "miscadmin.h"

typedef struct StatusError
{
	em_status	status;
	int			sqlstate;
	const char *hint;			/* replaces the core's hint when set */
} StatusError;

static const StatusError table[] = {
	{EM_CANCELLED, ERRCODE_QUERY_CANCELED, NULL},
	{EM_NO_MEMORY, ERRCODE_OUT_OF_MEMORY, NULL},
	{EM_OVER_BUDGET, ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
	"Raise emvalid.memory_budget, or run this on a machine with more memory."},
	{EM_IO, ERRCODE_IO_ERROR, NULL},
	{EM_TRUNCATED, ERRCODE_INVALID_BINARY_REPRESENTATION, NULL},
	{EM_BAD_FORMAT, ERRCODE_INVALID_BINARY_REPRESENTATION, NULL},
	{EM_UNSUPPORTED, ERRCODE_FEATURE_NOT_SUPPORTED, NULL},
	{EM_TOO_LARGE, ERRCODE_PROGRAM_LIMIT_EXCEEDED, NULL},
	{EM_CHANGED, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, NULL},
	{EM_BAD_ARGUMENT, ERRCODE_INVALID_PARAMETER_VALUE, NULL},
	{EM_MISMATCH, ERRCODE_INVALID_PARAMETER_VALUE, NULL},
	{EM_NOT_MEASURABLE, ERRCODE_DATA_EXCEPTION, NULL},
	{EM_INTERNAL, ERRCODE_INTERNAL_ERROR, NULL},
};

/*
 * Raise the error that a status stands for.  The context is left to its reset
 * callback: libem functions further up the stack may still be using it.
 */
void
emvalid_throw(EmSession *session, em_status status)
{
	int			sqlstate = ERRCODE_INTERNAL_ERROR;
	const char *message = pstrdup(em_ctx_message(session->ctx));
	const char *detail = pstrdup(em_ctx_detail(session->ctx));
	const char *hint = pstrdup(em_ctx_hint(session->ctx));
	ErrorData  *caught = session->caught;

	for (size_t i = 0; i < lengthof(table); i++)
		if (table[i].status == status)
		{
			sqlstate = table[i].sqlstate;
			if (table[i].hint != NULL)
				hint = table[i].hint;
		}
	if (caught != NULL)
		ReThrowError(caught);
	CHECK_FOR_INTERRUPTS();
	if (message[0] == '\0')
		message = "the measurement failed without a message";
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("%s", message),
			 detail[0] != '\0' ? errdetail("%s", detail) : 0,
			 hint[0] != '\0' ? errhint("%s", hint) : 0));
}

/* Raise unless the status is EM_OK. */
void
emvalid_check(EmSession *session, em_status status)
{
	if (status != EM_OK)
		emvalid_throw(session, status);
}

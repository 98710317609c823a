/*
 * src/pg/server_files.c
 *		Which files of the server may be read and written.
 *
 * Reading needs membership of pg_read_server_files, writing of
 * pg_write_server_files, and both need the file to lie, after symbolic links
 * are resolved, below a directory named by the superuser setting
 * emvalid.import_path.
 */
#include "emvalid_pg.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/varlena.h"

/* Is `path` (resolved) inside one of the allowed directories? */
static bool
allowed(const char *path)
{
	char	   *list = pstrdup(emvalid_import_path);
	List	   *dirs = NIL;
	ListCell   *lc;

	if (!SplitDirectoriesString(list, ',', &dirs))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("setting emvalid.import_path is not a list of directories")));
	foreach(lc, dirs)
	{
		char		resolved[PATH_MAX];
		size_t		n;

		if (realpath(lfirst(lc), resolved) == NULL)
			continue;
		n = strlen(resolved);
		if (strncmp(path, resolved, n) == 0 && (path[n] == '/' || strcmp(resolved, "/") == 0))
			return true;
	}
	return false;
}

/* Fail unless the current role is a member of the predefined role. */
static void
need_role(Oid role, const char *name, const char *verb)
{
	if (!has_privs_of_role(GetUserId(), role))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to %s files of the server", verb),
				 errhint("Only members of role %s may do this; em_map_from_bytea() and em_map() "
						 "take bytes from the client instead.", name)));
}

/* Fail unless the resolved path is allowed. */
static void
need_allowed(const char *resolved, const char *path)
{
	if (!allowed(resolved))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("file \"%s\" is outside the directories that maps may come from", path),
				 errdetail("Allowed are: %s.", emvalid_import_path[0] != '\0' ? emvalid_import_path : "none"),
				 errhint("A superuser can add its directory to emvalid.import_path.")));
}

/* Resolve a path that may be read; ERROR when it may not. */
char *
emvalid_readable_path(const char *path)
{
	char		resolved[PATH_MAX];
	struct stat st;

	need_role(ROLE_PG_READ_SERVER_FILES, "pg_read_server_files", "read");
	if (path[0] != '/')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("path \"%s\" is not absolute", path)));
	if (strstr(path, "/../") != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("path \"%s\" must not contain \"..\"", path)));
	if (realpath(path, resolved) == NULL)
	{
		int			why = errno;

		/* do not tell what exists outside the allowed directories */
		need_allowed(path, path);
		errno = why;
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open file \"%s\": %m", path)));
	}
	need_allowed(resolved, path);
	if (stat(resolved, &st) != 0 || !S_ISREG(st.st_mode))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a regular file", path)));
	return pstrdup(resolved);
}

/* Resolve a path that may be written: the file must not exist yet. */
char *
emvalid_writable_path(const char *path)
{
	char	   *copy = pstrdup(path);
	char	   *slash = strrchr(copy, '/');
	char		resolved[PATH_MAX];
	char	   *full;
	struct stat st;

	need_role(ROLE_PG_WRITE_SERVER_FILES, "pg_write_server_files", "write");
	if (path[0] != '/' || slash[1] == '\0' || strcmp(slash + 1, "..") == 0 || strcmp(slash + 1, ".") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("path \"%s\" does not name a file absolutely", path)));
	*slash = '\0';
	if (realpath(copy[0] != '\0' ? copy : "/", resolved) == NULL)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not find the directory of \"%s\": %m", path)));
	full = psprintf("%s/%s", strcmp(resolved, "/") == 0 ? "" : resolved, slash + 1);
	need_allowed(full, path);
	if (lstat(full, &st) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_FILE),
				 errmsg("file \"%s\" exists already", path)));
	return full;
}

/*
 * test/unit/tap.h
 *		Just enough of the Test Anything Protocol for libem's unit tests.
 *
 * A test program calls the macros below and ends with `return tap_done();`.
 */
#ifndef TAP_H
#define TAP_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static int	tap_count;
static int	tap_failures;

__attribute__((format(printf, 4, 5), unused))
static bool
tap_ok(bool pass, const char *file, int line, const char *format,...)
{
	char		name[512];
	__builtin_va_list args;

	__builtin_va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	__builtin_va_end(args);
	printf("%sok %d - %s\n", pass ? "" : "not ", ++tap_count, name);
	if (!pass)
	{
		tap_failures++;
		printf("#   at %s line %d\n", file, line);
	}
	fflush(stdout);
	return pass;
}

__attribute__((unused))
static int
tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failures > 0;
}

/* The folder that EMVALID_SHARED names; NULL when it names none. */
__attribute__((unused))
static const char *
shared_folder(void)
{
	const char *folder = getenv("EMVALID_SHARED");

	return folder == NULL || *folder == '\0' ? NULL : folder;
}

/* ok(condition, "what is true", ...) */
#define ok(pass, ...) tap_ok((pass), __FILE__, __LINE__, __VA_ARGS__)

/* Numbers equal to an absolute tolerance; shows both when they are not. */
#define is_near(got, want, tolerance, ...) \
	do { \
		double		g_ = (got), w_ = (want), t_ = (tolerance); \
		if (!tap_ok(fabs(g_ - w_) <= t_, __FILE__, __LINE__, __VA_ARGS__)) \
			printf("#   got %.12g, want %.12g +- %g\n", g_, w_, t_); \
	} while (0)

/* Whole numbers equal. */
#define is_int(got, want, ...) \
	do { \
		long long	g_ = (long long) (got), w_ = (long long) (want); \
		if (!tap_ok(g_ == w_, __FILE__, __LINE__, __VA_ARGS__)) \
			printf("#   got %lld, want %lld\n", g_, w_); \
	} while (0)

#define skip(...) \
	do { \
		char		why_[512]; \
		snprintf(why_, sizeof(why_), __VA_ARGS__); \
		printf("ok %d # SKIP %s\n", ++tap_count, why_); \
	} while (0)

#endif							/* TAP_H */

/*
 * test/unit/test_io_header.c
 *		Headers: what is refused, what is guessed, what lint says.
 */
#include "tap.h"
#include "mrc_bytes.h"

static double
some_value(int x, int y, int z)
{
	return x - y + 2 * z;
}

/* Parse a description as if the file had `length` bytes. */
static em_status
parse(em_ctx *ctx, const mrc_spec *s, int64_t length, em_mrc_header *h)
{
	uint8_t		b[1024];

	mrc_header_bytes(s, b);
	em_ctx_reset(ctx);
	return em_mrc_parse_header(ctx, b, length, h);
}

/* Is the message of a failure fit to be shown: no full stop, lower case? */
static bool
well_worded(em_ctx *ctx)
{
	const char *m = em_ctx_message(ctx);
	size_t		n = strlen(m);

	return n > 0 && m[n - 1] != '.' && !(m[0] >= 'A' && m[0] <= 'Z') && em_ctx_hint(ctx)[0] != '\0';
}

static void
test_refusals(em_ctx *ctx)
{
	static const struct
	{
		const char *what;
		int			at;			/* byte of a 32-bit word to change */
		int			value;
		em_status	want;
	}			t[] =
	{
		{"mode 3", 12, 3, EM_UNSUPPORTED},
		{"mode 4", 12, 4, EM_UNSUPPORTED},
		{"mode 101", 12, 101, EM_UNSUPPORTED},
		{"mode 5", 12, 5, EM_BAD_FORMAT},
		{"mode 7", 12, 7, EM_BAD_FORMAT},
		{"mode -1", 12, -1, EM_BAD_FORMAT},
		{"mode 16", 12, 16, EM_BAD_FORMAT},
		{"no columns", 0, 0, EM_BAD_FORMAT},
		{"negative rows", 4, -8, EM_BAD_FORMAT},
		{"no sections", 8, 0, EM_BAD_FORMAT},
		{"65536 columns", 0, 65536, EM_TOO_LARGE},
		{"2147483647 sections", 8, INT32_MAX, EM_TOO_LARGE},
		{"stack of volumes", 88, 401, EM_UNSUPPORTED},
		{"stack of crystals", 88, 630, EM_UNSUPPORTED},
		{"negative NSYMBT", 92, -80, EM_BAD_FORMAT},
		{"NSYMBT beyond the end", 92, 80, EM_TRUNCATED},
		{"NSYMBT far beyond the end", 92, INT32_MAX, EM_TRUNCATED},
		{"axes 1, 1, 3", 68, 1, EM_BAD_FORMAT},
		{"axes 0, 2, 3", 64, 0, EM_BAD_FORMAT},
		{"axes 1, 2, 4", 72, 4, EM_BAD_FORMAT},
		{"axes 1, -2, 3", 68, -2, EM_BAD_FORMAT},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		for (int big = 0; big < 2; big++)
		{
			mrc_spec	s = mrc_default(4, 5, 6, 2, big);
			em_mrc_header h;
			uint8_t		b[1024];
			em_status	got;

			mrc_header_bytes(&s, b);
			mrc_put(b + t[i].at, (uint32_t) t[i].value, 4, big);
			em_ctx_reset(ctx);
			got = em_mrc_parse_header(ctx, b, 1024 + 480, &h);
			is_int(got, t[i].want, "%s is refused: %s", t[i].what, em_ctx_message(ctx));
			ok(well_worded(ctx), "with a hint: %s", em_ctx_hint(ctx));
		}
	{
		mrc_spec	s = mrc_default(4, 5, 6, 0, false);
		em_mrc_header h;

		s.imod_stamp = 1146047817;
		s.imod_flags = 16;
		is_int(parse(ctx, &s, -1, &h), EM_UNSUPPORTED, "4-bit bytes of IMOD are refused");
	}
}

/* The header of 6 TB: refused without memory, plain and from any kind of source. */
static void
test_huge(void)
{
	em_ctx	   *ctx = mrc_ctx(0);
	mrc_spec	s = mrc_default(11585, 11585, 11585, 2, false);
	em_mrc_header h;
	em_source	source;
	em_volume  *v;
	uint8_t		b[1024];

	mrc_header_bytes(&s, b);
	em_source_memory(&source, b, sizeof(b));
	is_int(em_mrc_read(ctx, &source, "the map", &h, &v), EM_TOO_LARGE, "6 TB are beyond the limit");
	s = mrc_default(10000, 10000, 10000, 2, true);
	mrc_header_bytes(&s, b);
	em_source_memory(&source, b, sizeof(b));
	is_int(em_mrc_read(ctx, &source, "the map", &h, &v), EM_TRUNCATED, "4 TB in 1024 bytes are refused");
	ok(strstr(em_ctx_message(ctx), "1024 bytes") && strstr(em_ctx_message(ctx), "4000000001024"),
	   "with both numbers: %s", em_ctx_message(ctx));
	source.at = 1024;
	is_int(em_mrc_read_voxels(ctx, &source, &h, "the map", &v), EM_TRUNCATED, "also with a known header");
	ok(em_ctx_memory_peak(ctx) == 0, "without any allocation");
	s = mrc_default(65535, 65535, 65535, 2, false);
	is_int(parse(ctx, &s, -1, &h), EM_TOO_LARGE, "65535 cubed is too large, known length or not");
	s = mrc_default(65535, 65535, 256, 2, false);
	is_int(parse(ctx, &s, -1, &h), EM_OK, "just below 2^40 voxels is not");
	is_int(h.data_bytes, 4 * 65535LL * 65535LL * 256LL, "its size in 64 bits");
	em_ctx_destroy(ctx);
}

/* A source over n bytes at arg that does not tell its length. */
typedef struct unsure
{
	em_source	source;
	const uint8_t *bytes;
	int64_t		n;
} unsure;

static int64_t
unsure_read(em_source *source, em_ctx *ctx, void *buf, int64_t bytes)
{
	unsure	   *u = source->arg;

	(void) ctx;
	if (bytes > u->n)
		bytes = u->n;
	memcpy(buf, u->bytes, (size_t) bytes);
	u->bytes += bytes;
	u->n -= bytes;
	return bytes;
}

/* A file cut at any byte is refused, whether its length is known or not. */
static void
test_truncation(void)
{
	static const int nsymbt[2] = {0, 80};

	for (int i = 0; i < 2; i++)
	{
		em_ctx	   *ctx = mrc_ctx(64);
		mrc_spec	s = mrc_default(4, 3, 5, 1, false);
		int64_t		length;
		uint8_t    *b;
		int			wrong = 0;

		s.nsymbt = nsymbt[i];
		b = mrc_file_bytes(&s, some_value, &length);
		for (int64_t n = 0; n < length; n++)
		{
			uint8_t    *part = malloc((size_t) n + 1);
			em_source	source;
			unsure		u = {.source = {.read = unsure_read,.length = -1,.arg = &u},.bytes = part,.n = n};
			em_mrc_header h;
			em_volume  *v;

			memcpy(part, b, (size_t) n);
			em_source_memory(&source, part, n);
			wrong += em_mrc_read(ctx, &source, "the map", &h, &v) != EM_TRUNCATED || v != NULL;
			wrong += em_mrc_read(ctx, &u.source, "the map", &h, &v) != EM_TRUNCATED || v != NULL;
			free(part);
		}
		is_int(wrong, 0, "cut at any of %lld bytes the file is EM_TRUNCATED", (long long) length);
		is_int(em_ctx_memory_used(ctx), 0, "and nothing is left allocated");
		em_ctx_destroy(ctx);
		free(b);
	}
}

/* Byte order by what makes sense; stamps of all kinds. */
static void
test_byte_order(em_ctx *ctx)
{
	static const uint8_t stamp[][4] = {{0x44, 0x44, 0, 0}, {0x44, 0x41, 0, 0}, {0x11, 0x11, 0, 0},
	{0, 0, 0, 0}, {0x44, 0, 0, 0}, {0, 0, 0x44, 0x44}, {0xff, 0xff, 0xff, 0xff}};

	for (int mode = 0; mode < 3; mode++)
		for (int big = 0; big < 2; big++)
			for (size_t i = 0; i < sizeof(stamp) / sizeof(stamp[0]); i++)
			{
				mrc_spec	s = mrc_default(200, 180, 256, mode, big);
				em_mrc_header h;

				memcpy(s.stamp, stamp[i], 4);
				ok(parse(ctx, &s, -1, &h) == EM_OK && h.big_endian == (big == 1) && h.grid.voxel[0] == 2,
				   "mode %d, %s-endian, stamp %02x %02x %02x %02x", mode, big ? "big" : "little",
				   stamp[i][0], stamp[i][1], stamp[i][2], stamp[i][3]);
			}
}

/* What other files look like. */
static void
test_other_files(em_ctx *ctx)
{
	static const struct
	{
		const char *begin;
		int			n;
		const char *what;
	}			t[] =
	{
		{"\x1f\x8b\x08\0\0\0\0\0", 8, "gzip"}, {"BZh91AY&SY", 10, "bzip2"}, {"<?xml version=", 14, "XML"},
		{"version https://git-lfs.github.com", 34, "LFS"}, {"\x89HDF\r\n\x1a\n", 8, "HDF5"},
		{"\x06\0\0\x05\x20\0\0\0\x20\0\0\0\x20\0\0", 16, "EM format"}, {"data_emd\n", 9, "STAR"}
	};
	uint8_t		b[1024];
	em_mrc_header h;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
	{
		memset(b, 'x', sizeof(b));
		memcpy(b, t[i].begin, (size_t) t[i].n);
		is_int(em_mrc_parse_header(ctx, b, -1, &h), EM_BAD_FORMAT, "%s is not a map", t[i].what);
		ok(strstr(em_ctx_detail(ctx), t[i].what) != NULL, "and recognised: %s", em_ctx_detail(ctx));
	}
	memset(b, 0, sizeof(b));
	is_int(em_mrc_parse_header(ctx, b, -1, &h), EM_BAD_FORMAT, "zeros are not a map");
}

/* Severity of a code among the defects of a description, or "". */
static const char *
severity_of(em_ctx *ctx, const mrc_spec *s, int64_t length, const em_stats *stats, const char *code)
{
	em_mrc_header h;
	em_lint		lint[EM_LINT_MAX];
	int			n;

	if (parse(ctx, s, -1, &h) != EM_OK)
		return "refused";
	n = em_mrc_lint(&h, length, stats, lint, EM_LINT_MAX);
	for (int i = 0; i < n; i++)
		if (strcmp(lint[i].code, code) == 0)
		{
			size_t		end = strlen(lint[i].message);

			return end > 10 && end < 255 && lint[i].message[end - 1] == '.' ?
				lint[i].severity : "bad message";
		}
	return "";
}

#define is_lint(severity, code) \
	do { \
		const char *got_ = severity_of(ctx, &s, length, stats, code); \
		ok(strcmp(got_, severity) == 0, "%s: %s (got \"%s\")", code, severity[0] ? severity : "none", got_); \
	} while (0)

/* Defects of the format. */
static void
test_lint_format(em_ctx *ctx)
{
	const int64_t length = 1024 + 4 * 6 * 6 * 6;
	const mrc_spec clean = mrc_default(6, 6, 6, 2, false);
	const em_stats *stats = NULL;
	mrc_spec	s = clean;
	em_mrc_header h;
	em_lint		lint[EM_LINT_MAX];

	s.stat[0] = -1;
	s.stat[1] = 1;
	s.stat[2] = 0;
	s.stat[3] = 0.5f;
	ok(parse(ctx, &s, length, &h) == EM_OK && em_mrc_lint(&h, length, NULL, lint, EM_LINT_MAX) == 0,
	   "a clean header has no defects");
	is_int(em_mrc_lint(&h, 17, NULL, lint, 0), 0, "nothing is stored when there is no room");
	memcpy(s.magic, "MAP\0", 4);
	is_lint("info", "magic_nul");
	memset(s.magic, 0, 4);
	is_lint("warning", "magic_missing");
	memcpy(s.stamp, "\x44\0\0\0", 4);
	is_lint("warning", "stamp_odd");
	memcpy(s.stamp, "\x11\x11\0\0", 4);
	is_lint("error", "stamp_wrong");
	memcpy(s.stamp, "DA\x01\0", 4);
	is_lint("info", "stamp_tail");
	s.nversion = 0;
	is_lint("info", "nversion_unset");
	s.nversion = 32616;
	is_lint("warning", "nversion_unknown");
	s.ispg = 0;
	is_lint("info", "ispg_zero");
	s.ispg = 5;
	is_lint("info", "ispg_crystal");
	s.ispg = 700;
	is_lint("warning", "ispg_invalid");
	s.nsymbt = 80;
	is_lint("info", "extended_header");
	is_lint("info", "extended_header_untyped");
	is_lint("error", "truncated");
	memcpy(s.exttyp, "WHAT", 4);
	is_lint("info", "extended_header_unknown");
	memcpy(s.exttyp, "SERI", 4);
	is_lint("", "extended_header_unknown");
	s.nlabel = 11;
	is_lint("warning", "label_count");
	s.nlabel = 2;
	is_lint("info", "label_count_differs");
	s.label[3] = '\x07';
	is_lint("info", "label_unprintable");
	s = mrc_default(6, 6, 6, 12, true);
	s.nversion = 20140;
	is_lint("info", "mode_newer");
	is_lint("info", "mode_not_archived");
	is_lint("info", "big_endian");
	is_lint("warning", "trailing_bytes");
	s = mrc_default(6, 6, 6, 0, false);
	s.imod_stamp = 1146047817;
	is_lint("info", "unsigned_bytes");
	s.imod_flags = 1;
	is_lint("", "unsigned_bytes");
}

/* Defects of the geometry. */
static void
test_lint_geometry(em_ctx *ctx)
{
	const int64_t length = -1;
	const mrc_spec clean = mrc_default(6, 6, 6, 2, false);
	const em_stats *stats = NULL;
	mrc_spec	s = clean;

	s.cell[1] = 0;
	is_lint("error", "cell_unset");
	is_lint("error", "voxel_size_unset");
	s.cell[1] = NAN;
	is_lint("error", "cell_unset");
	s = clean;
	s.m[2] = -6;
	is_lint("error", "sampling_unset");
	is_lint("error", "voxel_size_unset");
	s = clean;
	s.cell[0] = 12.1f;
	is_lint("warning", "voxel_size_anisotropic");
	s.cell[0] = 0.001f;
	is_lint("warning", "voxel_size_implausible");
	s.cell[0] = s.cell[1] = s.cell[2] = 6;
	is_lint("info", "voxel_size_one");
	s = clean;
	s.m[0] = 12;
	is_lint("info", "mx_differs");
	s.ispg = 0;
	s.m[2] = 1;
	is_lint("warning", "image_stack");
	is_lint("", "mx_differs");
	s = mrc_default(6, 6, 1, 2, false);
	is_lint("info", "single_section");
	is_lint("info", "dims_odd");
	s = mrc_default(6, 6, 8, 2, false);
	is_lint("info", "non_cubic");
	is_lint("", "dims_odd");
	is_lint("", "voxel_size_anisotropic");
	s.angle[1] = 111.55f;
	is_lint("warning", "angles_not_right");
	s.angle[0] = s.angle[1] = s.angle[2] = 0;
	is_lint("info", "angles_unset");
	s.start[1] = -3;
	is_lint("info", "start_nonzero");
	is_lint("", "origin_nonzero");
	s.origin[2] = 5;
	is_lint("info", "origin_nonzero");
	is_lint("warning", "start_and_origin");
	s.origin[2] = NAN;
	is_lint("warning", "origin_not_finite");
	s.origin[2] = 1;
	s.imod_stamp = 1146047817;
	s.imod_flags = 4;
	is_lint("info", "origin_inverted");
	s = clean;
	memcpy(s.axis, (int[]) {3, 1, 2}, sizeof(s.axis));
	is_lint("info", "axes_permuted");
	memset(s.axis, 0, sizeof(s.axis));
	is_lint("warning", "axes_unset");
}

/* Header statistics against recomputed ones. */
static void
test_lint_statistics(em_ctx *ctx)
{
	const int64_t length = -1;
	mrc_spec	s = mrc_default(6, 6, 6, 2, false);
	em_stats	truth = {.n = 216,.min = -2,.max = 5,.mean = 0.25,.sd = 0.75};
	const em_stats *stats = &truth;

	is_lint("info", "statistics_unset");
	is_lint("", "statistics_range_wrong");
	is_lint("", "statistics_mean_wrong");
	is_lint("", "statistics_rms_wrong");
	memset(s.stat, 0, sizeof(s.stat));
	is_lint("info", "statistics_unset");
	memcpy(s.stat, (float[]) {-2, 5, 0.25f, 0.75f}, sizeof(s.stat));
	is_lint("", "statistics_unset");
	is_lint("", "statistics_range_wrong");
	is_lint("", "statistics_mean_wrong");
	is_lint("", "statistics_rms_wrong");
	s.stat[1] = 5.1f;
	is_lint("warning", "statistics_range_wrong");
	s.stat[2] = 0.26f;
	is_lint("warning", "statistics_mean_wrong");
	s.stat[3] = 0;
	is_lint("warning", "statistics_rms_wrong");
	s.stat[0] = NAN;
	is_lint("warning", "statistics_not_finite");
	truth.not_finite = 3;
	is_lint("error", "voxels_not_finite");
	truth.min = truth.max = truth.mean = 7;
	truth.sd = 0;
	is_lint("error", "constant_map");
	s = mrc_default(6, 6, 6, 0, false);
	s.stat[1] = 255;
	truth = (em_stats) {.n = 216,.min = -128,.max = 127};
	is_lint("warning", "bytes_maybe_unsigned");
}

/* Labels are cut at a NUL, blanks at the end go, the rest is printable. */
static void
test_labels(em_ctx *ctx)
{
	mrc_spec	s = mrc_default(6, 6, 6, 2, false);
	em_mrc_header h;

	memset(s.label, ' ', 80);
	memcpy(s.label, "a\x01" "b\xff c", 6);
	ok(parse(ctx, &s, -1, &h) == EM_OK && strcmp(h.label[0], "a?b? c") == 0, "a label with odd bytes");
	is_int(h.label_unprintable, 2, "which are counted");
	memset(s.label, 'q', 80);
	ok(parse(ctx, &s, -1, &h) == EM_OK && strlen(h.label[0]) == 80, "a full label");
	s.nlabel = -1;
	ok(parse(ctx, &s, -1, &h) == EM_OK, "a negative number of labels does no harm");
}

int
main(void)
{
	em_ctx	   *ctx = mrc_ctx(64);

	test_refusals(ctx);
	test_huge();
	test_truncation();
	test_byte_order(ctx);
	test_other_files(ctx);
	test_lint_format(ctx);
	test_lint_geometry(ctx);
	test_lint_statistics(ctx);
	test_labels(ctx);
	em_ctx_destroy(ctx);
	return tap_done();
}

/*
 * src/libem/io/em_mrc_lint.c
 *		Defects of a header: file format, extended header, labels, length.
 */
#include "io/em_lint.h"
#include "io/em_io_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
em_lint_add(em_lint_list *list, const char *severity, const char *code, const char *format,...)
{
	em_lint    *l;
	va_list		args;

	if (list->n >= list->max)
		return;
	l = &list->item[list->n++];
	l->severity = severity;
	l->code = code;
	va_start(args, format);
	vsnprintf(l->message, sizeof(l->message), format, args);
	va_end(args);
}

/* The word "MAP " and the machine stamp. */
static void
lint_identity(const em_mrc_header *h, em_lint_list *list)
{
	const uint8_t *s = h->stamp;
	int			order = em_mrc_stamp_order(s);

	if (memcmp(h->magic, "MAP\0", 4) == 0)
		em_lint_add(list, EM_LINT_INFO, "magic_nul",
				"The word at byte 208 is \"MAP\" with a NUL instead of a space.");
	else if (memcmp(h->magic, "MAP ", 4) != 0)
		em_lint_add(list, EM_LINT_WARNING, "magic_missing",
				"The word \"MAP \" is missing at byte 208 (bytes %02x %02x %02x %02x); it is read because "
				"the rest of the header makes sense.", (uint8_t) h->magic[0], (uint8_t) h->magic[1],
				(uint8_t) h->magic[2], (uint8_t) h->magic[3]);
	if (order < 0)
		em_lint_add(list, EM_LINT_WARNING, "stamp_odd",
				"The machine stamp %02x %02x %02x %02x is not a known one; read as %s-endian because "
				"that makes sense of it.", s[0], s[1], s[2], s[3], h->big_endian ? "big" : "little");
	else if (order != (int) h->big_endian)
		em_lint_add(list, EM_LINT_ERROR, "stamp_wrong",
				"The machine stamp %02x %02x %02x %02x says %s-endian, but the header makes sense as "
				"%s-endian only.",
				s[0], s[1], s[2], s[3], order == 1 ? "big" : "little", h->big_endian ? "big" : "little");
	else if (s[2] != 0 || s[3] != 0)
		em_lint_add(list, EM_LINT_INFO, "stamp_tail",
				"The machine stamp %02x %02x %02x %02x does not end in two zeros.",
				s[0], s[1], s[2], s[3]);
	if (h->big_endian)
		em_lint_add(list, EM_LINT_INFO, "big_endian", "The file is big-endian.");
}

/* Mode, version and space group. */
static void
lint_kind(const em_mrc_header *h, em_lint_list *list)
{
	if (h->nversion == 0)
		em_lint_add(list, EM_LINT_INFO, "nversion_unset",
				"NVERSION is 0: the file does not claim to follow MRC2014.");
	else if (h->nversion != 20140 && h->nversion != 20141)
		em_lint_add(list, EM_LINT_WARNING, "nversion_unknown",
				"NVERSION is %d; 20140 and 20141 are known.", h->nversion);
	if (h->mode == 12 && h->nversion == 20140)
		em_lint_add(list, EM_LINT_INFO, "mode_newer",
				"Mode 12 (float16) came with NVERSION 20141; the header says 20140.");
	if (h->mode == 6 || h->mode == 12)
		em_lint_add(list, EM_LINT_INFO, "mode_not_archived",
				"Mode %d (%s) is read, but the EMDB takes modes 0, 1 and 2 only.", h->mode,
				h->mode == 6 ? "uint16" : "float16");
	if (h->unsigned_bytes)
		em_lint_add(list, EM_LINT_INFO, "unsigned_bytes",
				"IMOD's flags say that the bytes of mode 0 are unsigned.");
	if (h->ispg == 0 && h->ns > 1)
		em_lint_add(list, EM_LINT_INFO, "ispg_zero",
				"ISPG is 0, which marks a stack of images; the file is read as a volume (ISPG 1).");
	else if (h->ispg >= 2 && h->ispg <= 230)
		em_lint_add(list, EM_LINT_INFO, "ispg_crystal",
				"ISPG %d is a crystallographic space group; symmetry is not applied.", h->ispg);
	else if (h->ispg < 0 || h->ispg > 230)
		em_lint_add(list, EM_LINT_WARNING, "ispg_invalid", "ISPG is %d, which is no space group.", h->ispg);
}

/* Does the format page list this type of extended header? */
static bool
known_exttyp(const char *type)
{
	static const char known[][5] = {"CCP4", "MRCO", "SERI", "AGAR", "FEI1", "FEI2", "HDF5"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (memcmp(type, known[i], 4) == 0)
			return true;
	return false;
}

/* Does EXTTYP hold nothing but NULs and blanks? */
static bool
blank_exttyp(const char *type)
{
	for (int i = 0; i < 4; i++)
		if (type[i] != '\0' && type[i] != ' ')
			return false;
	return true;
}

/* Extended header and length of the file. */
static void
lint_length(const em_mrc_header *h, int64_t length, em_lint_list *list)
{
	int64_t		promised = h->data_offset + h->data_bytes;

	if (h->nsymbt > 0)
	{
		em_lint_add(list, EM_LINT_INFO, "extended_header",
				"An extended header of %d bytes is skipped.", h->nsymbt);
		if (blank_exttyp(h->exttyp))
			em_lint_add(list, EM_LINT_INFO, "extended_header_untyped",
					"EXTTYP does not say what the extended header holds.");
		else if (!known_exttyp(h->exttyp))
			em_lint_add(list, EM_LINT_INFO, "extended_header_unknown",
					"EXTTYP \"%.4s\" is not a listed type of extended header.", h->exttyp);
	}
	if (length >= 0 && length < promised)
		em_lint_add(list, EM_LINT_ERROR, "truncated", "The file has %lld bytes but its header promises %lld.",
				(long long) length, (long long) promised);
	if (length > promised)
		em_lint_add(list, EM_LINT_WARNING, "trailing_bytes",
				"%lld bytes follow the last voxel; the header promises %lld bytes, the file has %lld.",
				(long long) (length - promised), (long long) promised, (long long) length);
}

/* The ten labels. */
static void
lint_labels(const em_mrc_header *h, em_lint_list *list)
{
	int			used = 0;

	if (h->nlabel < 0 || h->nlabel > 10)
		em_lint_add(list, EM_LINT_WARNING, "label_count",
				"NLABL is %d; there are 0 to 10 labels.", h->nlabel);
	else
	{
		for (int i = 0; i < 10; i++)
			used += h->label[i][0] != '\0';
		if (used != h->nlabel)
			em_lint_add(list, EM_LINT_INFO, "label_count_differs",
					"NLABL is %d but %d labels hold text.", h->nlabel, used);
	}
	if (h->label_unprintable > 0)
		em_lint_add(list, EM_LINT_INFO, "label_unprintable",
				"%d bytes of the labels are not printable ASCII.",
				h->label_unprintable);
}

int
em_mrc_lint(const em_mrc_header *header, int64_t length, const em_stats *stats, em_lint *out, int max)
{
	em_lint_list list = {.item = out,.max = max};

	lint_identity(header, &list);
	lint_kind(header, &list);
	em_lint_geometry(header, &list);
	lint_length(header, length, &list);
	em_lint_statistics(header, stats, &list);
	lint_labels(header, &list);
	return list.n;
}

/*
 * test/unit/test_io_real.c
 *		Maps of other people, in the folder that EMVALID_SHARED names.
 */
#include "tap.h"
#include "mrc_bytes.h"

#include <dirent.h>
#include <unistd.h>

static const char *shared;

/* A file of the data folder, plain or gzip. */
typedef struct opened
{
	em_source	file;
	em_source	gz;
	em_source  *source;
} opened;

static em_status
open_data(em_ctx *ctx, const char *name, opened *o)
{
	char		path[1024];
	bool		gzip;

	memset(o, 0, sizeof(*o));
	snprintf(path, sizeof(path), "%s/data/%s", shared, name);
	EM_TRY(em_source_file(ctx, path, &o->file));
	EM_TRY(em_source_is_gzip(ctx, &o->file, &gzip));
	o->source = &o->file;
	if (gzip)
	{
		EM_TRY(em_source_gunzip(ctx, &o->file, (int64_t) 1 << 30, &o->gz));
		o->source = &o->gz;
	}
	return EM_OK;
}

static void
close_data(em_ctx *ctx, opened *o)
{
	em_source_close(ctx, &o->gz);
	em_source_close(ctx, &o->file);
}

/* Read a file; NULL after a failure. */
static em_volume *
read_data(em_ctx *ctx, const char *name, em_mrc_header *h)
{
	opened		o;
	em_volume  *v = NULL;

	if (open_data(ctx, name, &o) == EM_OK)
		(void) em_mrc_read(ctx, o.source, "the map", h, &v);
	ok(v != NULL, "%s is read %s", name, v != NULL ? "" : em_ctx_message(ctx));
	close_data(ctx, &o);
	return v;
}

/* Statistics of the voxels of a file. */
static bool
scan_data(em_ctx *ctx, const char *name, em_mrc_header *h, em_stats *s)
{
	opened		o;
	bool		fine = open_data(ctx, name, &o) == EM_OK && em_mrc_read_header(ctx, o.source, h) == EM_OK &&
		em_mrc_scan_voxels(ctx, o.source, h, s) == EM_OK;

	ok(fine, "%s is scanned %s", name, fine ? "" : em_ctx_message(ctx));
	close_data(ctx, &o);
	return fine;
}

/* Largest difference of two volumes; infinity when the boxes differ. */
static double
difference(const em_volume *a, const em_volume *b)
{
	double		d = 0;

	if (memcmp(a->grid.n, b->grid.n, sizeof(a->grid.n)) != 0)
		return INFINITY;
	for (int64_t z = 0; z < a->grid.n[2]; z++)
		for (int64_t y = 0; y < a->grid.n[1]; y++)
			for (int64_t x = 0; x < a->grid.n[0]; x++)
				d = fmax(d, fabs((double) em_volume_row(a, y, z)[x] - (double) em_volume_row(b, y, z)[x]));
	return d;
}

/* Do two numbers agree within the rounding of half precision? */
static bool
half_agrees(double value, double half)
{
	return fabs(value - half) <= ldexp(fabs(value), -11) + 1e-7;
}

/*
 * EMD-3001: plain, gzip and half precision (written in the order of the file).
 * The program that made the float16 copies lost a carry in a few voxels
 * (0.12498 became 0.25) and flushed small numbers; their count is known from
 * decoding the copies with Python's struct module.
 */
static void
test_3001(em_ctx *ctx)
{
	em_mrc_header h;
	em_volume  *map = read_data(ctx, "maps/emd_3001.map", &h);
	em_volume  *gz = read_data(ctx, "maps/emd_3001.map.gz", &h);
	em_volume  *half = read_data(ctx, "maps/emd_3001_f16.mrc", &h);
	int			off = 0;

	if (map == NULL || gz == NULL || half == NULL)
		return;
	is_near(difference(map, gz), 0, 0, "gzip holds the same voxels");
	ok(map->grid.n[0] == 43 && map->grid.n[1] == 25 && map->grid.n[2] == 73, "the box in x, y, z order");
	ok(map->grid.start[0] == -21 && map->grid.start[1] == -12 && map->grid.start[2] == 0, "the start too");
	is_near(map->grid.voxel[0], 17.93 / 40, 1e-6, "voxel size along x");
	is_near(map->grid.voxel[1], 4.71 / 12, 1e-6, "along y");
	is_near(map->grid.voxel[2], 33.03 / 72, 1e-6, "along z");
	is_near(map->grid.angle[1], 94.326, 1e-4, "beta");
	for (int z = 0; z < 73; z++)
		for (int y = 0; y < 25; y++)
			for (int x = 0; x < 43; x++)
				off += !half_agrees(em_volume_row(map, y, z)[x], em_volume_row(half, x, y)[z]);
	is_int(off, 29, "the float16 copy agrees but for its known faults");
	em_volume_destroy(ctx, map);
	em_volume_destroy(ctx, gz);
	em_volume_destroy(ctx, half);
}

static void
test_3197(em_ctx *ctx)
{
	em_mrc_header h;
	em_volume  *map = read_data(ctx, "maps/emd_3197.map", &h);
	em_volume  *gz = read_data(ctx, "maps/emd_3197.map.gz", &h);
	em_volume  *half = read_data(ctx, "maps/emd_3197_f16.mrc", &h);

	int			off = 0;

	if (map == NULL || gz == NULL || half == NULL)
		return;
	is_near(difference(map, gz), 0, 0, "gzip holds the same voxels");
	is_int(h.mode, 12, "the copy is mode 12");
	for (int z = 0; z < 20; z++)
		for (int y = 0; y < 20; y++)
			for (int x = 0; x < 20; x++)
				off += !half_agrees(em_volume_row(map, y, z)[x], em_volume_row(half, y, z)[x]);
	is_int(off, 2, "the float16 copy agrees but for its known faults");
	em_volume_destroy(ctx, map);
	em_volume_destroy(ctx, gz);
	em_volume_destroy(ctx, half);
}

/* The published numbers of the EMDB's header XML. */
static void
test_published(em_ctx *ctx)
{
	em_mrc_header h;
	em_stats	s;

	if (scan_data(ctx, "maps/emd_1997.map", &h, &s))
	{
		is_int(s.n, 1000000, "EMD-1997: voxels");
		is_near(s.min, -2.28869247, 5e-9, "EMD-1997: minimum");
		is_near(s.max, 3.46702909, 5e-9, "EMD-1997: maximum");
		is_near(s.mean, 0.06064206, 5e-9, "EMD-1997: average");
		is_near(s.sd, 0.33465365, 5e-8, "EMD-1997: standard deviation");
		is_near(h.grid.voxel[0], 2.02, 1e-6, "EMD-1997: voxel size");
		ok(h.grid.start[0] == -50 && h.grid.start[2] == -50, "EMD-1997: start");
		ok(s.zeros > 670000 && s.zeros < 690000, "EMD-1997: 68 %% are exactly 0");
	}
	if (scan_data(ctx, "maps/emd_8216.map.gz", &h, &s))
	{
		is_int(s.n, 83 * 100 * 50, "EMD-8216: voxels");
		is_near(s.min, -0.47962725, 5e-9, "EMD-8216: minimum");
		is_near(s.max, 1.1435935, 5e-8, "EMD-8216: maximum");
		is_near(s.mean, -0.0008480896, 5e-10, "EMD-8216: average");
		is_near(s.sd, 0.15727948, 5e-8, "EMD-8216: standard deviation");
		is_near(h.grid.voxel[0], 0.36775, 1e-6, "EMD-8216: voxel size along x");
		is_near(h.grid.voxel[1], 0.311875, 1e-6, "EMD-8216: along y");
		is_near(h.grid.voxel[2], 0.3574038, 1e-6, "EMD-8216: along z");
		ok(h.grid.n[0] == 100 && h.grid.n[1] == 50 && h.grid.n[2] == 83, "EMD-8216: box");
		ok(h.grid.start[0] == -6 && h.grid.start[1] == -19 && h.grid.start[2] == -15, "EMD-8216: start");
	}
}

/* Does lint report a code for a file? */
static void
test_lint(em_ctx *ctx, const char *name, const char *code)
{
	em_mrc_header h;
	em_stats	s;
	em_lint		lint[EM_LINT_MAX];
	bool		found = false;

	if (!scan_data(ctx, name, &h, &s))
		return;
	for (int i = em_mrc_lint(&h, -1, &s, lint, EM_LINT_MAX) - 1; i >= 0; i--)
		if (strcmp(lint[i].code, code) == 0)
		{
			found = true;
			printf("# %s: %s\n", lint[i].severity, lint[i].message);
		}
	ok(found, "%s: %s", name, code);
}

/* Statuses known beforehand. */
static void
test_refused(em_ctx *ctx, const char *name, em_status want)
{
	em_mrc_header h;
	em_volume  *v;
	opened		o;
	em_status	got = open_data(ctx, name, &o);

	if (got == EM_OK)
		got = em_mrc_read(ctx, o.source, "the map", &h, &v);
	is_int(got, want, "%s: %s", name, em_ctx_message(ctx));
	close_data(ctx, &o);
}

/* Every file of a folder is read or refused with a message and a hint; nothing is left behind. */
static void
test_folder(em_ctx *ctx, const char *folder)
{
	char		path[900];
	DIR		   *dir;
	struct dirent *e;
	int			reads = 0;
	int			refusals = 0;

	snprintf(path, sizeof(path), "%s/data/%s", shared, folder);
	dir = opendir(path);
	while (dir != NULL && (e = readdir(dir)) != NULL)
	{
		char		name[600];
		em_mrc_header h;
		em_stats	s;
		em_volume  *v = NULL;
		opened		o;
		em_status	status;

		if (e->d_name[0] == '.' || e->d_type == DT_DIR)
			continue;
		snprintf(name, sizeof(name), "%s/%s", folder, e->d_name);
		status = open_data(ctx, name, &o);
		if (status == EM_OK)
			status = em_mrc_read(ctx, o.source, "the map", &h, &v);
		if (status == EM_OK && o.source->rewind(o.source, ctx) == EM_OK &&
			em_mrc_read_header(ctx, o.source, &h) == EM_OK &&
			em_mrc_scan_voxels(ctx, o.source, &h, &s) == EM_OK)
		{
			reads++;
			ok(s.n + s.not_finite == em_grid_voxels(&v->grid), "%s is read", name);
		}
		else
		{
			refusals++;
			ok(v == NULL && (status == EM_BAD_FORMAT || status == EM_TRUNCATED || status == EM_UNSUPPORTED) &&
			   em_ctx_message(ctx)[0] != '\0', "%s is refused: %s. %s", name, em_ctx_message(ctx),
			   em_ctx_detail(ctx));
		}
		em_volume_destroy(ctx, v);
		close_data(ctx, &o);
		is_int(em_ctx_memory_used(ctx), 0, "nothing is left");
	}
	if (dir != NULL)
		closedir(dir);
	ok(reads + refusals > 0, "%s: %d read, %d refused", folder, reads, refusals);
}

int
main(void)
{
	em_ctx	   *ctx;

	shared = shared_folder();
	if (shared == NULL || access(shared, R_OK) != 0)
	{
		skip("EMVALID_SHARED does not name a folder with real maps");
		return tap_done();
	}
	ctx = mrc_ctx(256);
	test_3001(ctx);
	test_3197(ctx);
	test_published(ctx);
	test_lint(ctx, "maps/emd_5592_21A.mrc", "magic_missing");
	test_lint(ctx, "maps/clean70SRibosome_vol_65p.mrc", "voxel_size_unset");
	test_lint(ctx, "particles/aspire_sample.mrcs", "cell_unset");
	test_lint(ctx, "map_model/rotavirus_VP6/vp6-96o.mrc", "stamp_odd");
	test_lint(ctx, "micrographs/08mar13e_00010gr_00004sq_v02.mrc", "stamp_odd");
	test_lint(ctx, "format_not_em/D7.ccp4", "axes_permuted");
	test_lint(ctx, "format_not_em/ispg_0.mrc", "ispg_zero");
	test_lint(ctx, "format_not_em/h2o-elf-nstart-origin.mrc", "start_and_origin");
	test_lint(ctx, "format_not_em/mergeable_1.map", "statistics_rms_wrong");
	test_lint(ctx, "maps/betaGal_localResolution.mrc", "voxel_size_one");
	test_lint(ctx, "maps/emd_8216.map.gz", "angles_not_right");
	test_refused(ctx, "format_not_em/invalid_axes.mrc", EM_BAD_FORMAT);
	test_refused(ctx, "format_not_em/truncated_header_says_11029_frames.mrcs", EM_TRUNCATED);
	test_refused(ctx, "maps/emd_3001.map.bz2", EM_BAD_FORMAT);
	test_refused(ctx, "maps/human_ribo_21A.em", EM_BAD_FORMAT);
	test_refused(ctx, "maps/relion_out_it005_data.star", EM_BAD_FORMAT);
	test_folder(ctx, "format_not_em");
	test_folder(ctx, "particles");
	test_folder(ctx, "particles/bioem");
	test_folder(ctx, "particles/cryodrgn");
	test_folder(ctx, "particles/tomodrgn_warp");
	test_folder(ctx, "maps");
	test_folder(ctx, "micrographs");
	test_folder(ctx, "halfmaps");
	em_ctx_destroy(ctx);
	return tap_done();
}

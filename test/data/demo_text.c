/*
 * test/data/demo_text.c
 *		The text files of the demo entry: EMDB header (v3), mmCIF model, truth.
 */
#include "demo_text.h"

#include <stdio.h>

/* Close a file; was everything written? */
static bool
finish(FILE *f)
{
	bool		good = !ferror(f);

	return fclose(f) == 0 && good;
}

/* The description of one map file, as EMDB nests it. */
static void
write_map(FILE *f, const demo_truth *t, int which, const char *element, const char *file, const char *indent)
{
	static const char axis[] = "xyz";
	const em_stats *s = &t->stats[which];
	const em_grid *g = &t->grid;
	long long	kbytes = (em_grid_voxels(g) * 4 + 1024) / 1000;

	fprintf(f, "%s<%s format=\"CCP4\" size_kbytes=\"%lld\">\n", indent, element, kbytes);
	fprintf(f, "%s   <file>%s</file>\n", indent, file);
	fprintf(f, "%s   <symmetry>\n%s      <space_group>1</space_group>\n%s   </symmetry>\n", indent, indent, indent);
	fprintf(f, "%s   <data_type>IMAGE STORED AS FLOATING POINT NUMBER (4 BYTES)</data_type>\n", indent);
	fprintf(f, "%s   <dimensions>\n%s      <col>%lld</col>\n%s      <row>%lld</row>\n%s      <sec>%lld</sec>\n%s   </dimensions>\n",
			indent, indent, (long long) g->n[0], indent, (long long) g->n[1], indent, (long long) g->n[2], indent);
	fprintf(f, "%s   <origin>\n%s      <col>0</col>\n%s      <row>0</row>\n%s      <sec>0</sec>\n%s   </origin>\n",
			indent, indent, indent, indent, indent);
	fprintf(f, "%s   <spacing>\n", indent);
	for (int j = 0; j < 3; j++)
		fprintf(f, "%s      <%c>%lld</%c>\n", indent, axis[j], (long long) g->n[j], axis[j]);
	fprintf(f, "%s   </spacing>\n%s   <cell>\n", indent, indent);
	for (int j = 0; j < 3; j++)
		fprintf(f, "%s      <%c units=\"&#8491;\">%.6g</%c>\n", indent, 'a' + j, (double) g->n[j] * g->voxel[j], 'a' + j);
	fprintf(f, "%s      <alpha units=\"deg\">90.0</alpha>\n%s      <beta units=\"deg\">90.0</beta>\n%s      <gamma units=\"deg\">90.0</gamma>\n%s   </cell>\n",
			indent, indent, indent, indent);
	fprintf(f, "%s   <axis_order>\n%s      <fast>X</fast>\n%s      <medium>Y</medium>\n%s      <slow>Z</slow>\n%s   </axis_order>\n",
			indent, indent, indent, indent, indent);
	fprintf(f, "%s   <statistics>\n%s      <minimum>%.8g</minimum>\n%s      <maximum>%.8g</maximum>\n%s      <average>%.8g</average>\n%s      <std>%.8g</std>\n%s   </statistics>\n",
			indent, indent, s->min, indent, s->max, indent, s->mean, indent, s->sd, indent);
	fprintf(f, "%s   <pixel_spacing>\n", indent);
	for (int j = 0; j < 3; j++)
		fprintf(f, "%s      <%c units=\"&#8491;\">%.6g</%c>\n", indent, axis[j], g->voxel[j], axis[j]);
	fprintf(f, "%s   </pixel_spacing>\n", indent);
	if (which == 0)
		fprintf(f, "%s   <contour_list>\n%s      <contour primary=\"true\">\n%s         <level>%.6g</level>\n%s         <source>AUTHOR</source>\n%s      </contour>\n%s   </contour_list>\n",
				indent, indent, indent, t->contour, indent, indent, indent);
	else
		fprintf(f, "%s   <annotation_details>half map %d</annotation_details>\n", indent, which);
	fprintf(f, "%s</%s>\n", indent, element);
}

bool
demo_write_header(const char *path, const demo_truth *t)
{
	FILE	   *f = fopen(path, "w");

	if (f == NULL)
		return false;
	fprintf(f,
			"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			"<emd xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" emdb_id=\"DEMO-1\" version=\"3.0.1.1\">\n"
			"   <admin>\n"
			"      <current_status>\n"
			"         <code>REL</code>\n"
			"      </current_status>\n"
			"      <key_dates>\n"
			"         <deposition>2026-01-15</deposition>\n"
			"         <header_release>2026-01-21</header_release>\n"
			"         <map_release>2026-01-21</map_release>\n"
			"         <update>2026-01-21</update>\n"
			"      </key_dates>\n"
			"      <title>Synthetic demonstration entry: twelve helices around a six-stranded sheet</title>\n"
			"      <authors_list>\n"
			"         <author>emvalid</author>\n"
			"      </authors_list>\n"
			"      <keywords>synthetic, demonstration</keywords>\n"
			"   </admin>\n"
			"   <sample>\n"
			"      <name>protein that does not exist</name>\n"
			"      <macromolecule_list>\n"
			"         <protein_or_peptide macromolecule_id=\"1\">\n"
			"            <name>protein from ideal geometry</name>\n"
			"            <molecular_weight>\n"
			"               <theoretical units=\"MDa\">%.4f</theoretical>\n"
			"            </molecular_weight>\n"
			"            <number_of_copies>1</number_of_copies>\n"
			"         </protein_or_peptide>\n"
			"      </macromolecule_list>\n"
			"   </sample>\n"
			"   <structure_determination_list>\n"
			"      <structure_determination structure_determination_id=\"1\">\n"
			"         <method>singleParticle</method>\n"
			"         <aggregation_state>particle</aggregation_state>\n"
			"         <singleparticle_processing image_processing_id=\"1\">\n"
			"            <final_reconstruction>\n"
			"               <applied_symmetry>\n"
			"                  <point_group>C1</point_group>\n"
			"               </applied_symmetry>\n"
			"               <resolution res_type=\"BY AUTHOR\" units=\"&#8491;\">%.4g</resolution>\n"
			"               <resolution_method>FSC 0.143 CUT-OFF</resolution_method>\n"
			"            </final_reconstruction>\n"
			"         </singleparticle_processing>\n"
			"      </structure_determination>\n"
			"   </structure_determination_list>\n",
			t->mass / 1e6, t->resolution);
	write_map(f, t, 0, "map", "demo.map", "   ");
	fprintf(f, "   <interpretation>\n      <half_map_list>\n");
	write_map(f, t, 1, "half_map", "demo_half1.map", "         ");
	write_map(f, t, 2, "half_map", "demo_half2.map", "         ");
	fprintf(f, "      </half_map_list>\n   </interpretation>\n</emd>\n");
	return finish(f);
}

/* Secondary structure, for programs that show it. */
static void
write_segments(FILE *f, const protein *p)
{
	int			n = 0;

	fprintf(f,
			"loop_\n_struct_conf.conf_type_id\n_struct_conf.id\n"
			"_struct_conf.beg_label_comp_id\n_struct_conf.beg_label_asym_id\n_struct_conf.beg_label_seq_id\n"
			"_struct_conf.end_label_comp_id\n_struct_conf.end_label_asym_id\n_struct_conf.end_label_seq_id\n");
	for (int i = 0; i < p->n_segments; i++)
	{
		const segment *s = &p->segments[i];
		const residue *first = &p->residues[s->first];
		const residue *last = &p->residues[s->first + s->residues - 1];

		n++;
		fprintf(f, "%s %s%d %s A %d %s A %d\n", s->kind == 'H' ? "HELX_P" : "STRN", s->kind == 'H' ? "H" : "E", n,
				first->type, first->number, last->type, last->number);
	}
	fprintf(f, "#\n");
}

bool
demo_write_model(const char *path, const demo_truth *t, const protein *p)
{
	FILE	   *f = fopen(path, "w");

	if (f == NULL)
		return false;
	fprintf(f, "data_DEMO-1\n#\n_entry.id DEMO-1\n#\n"
			"_struct.entry_id DEMO-1\n_struct.title 'Synthetic demonstration entry'\n#\n"
			"_exptl.entry_id DEMO-1\n_exptl.method 'ELECTRON MICROSCOPY'\n#\n"
			"_em_3d_reconstruction.entry_id DEMO-1\n_em_3d_reconstruction.resolution %.4g\n#\n", t->resolution);
	write_segments(f, p);
	fprintf(f, "loop_\n_atom_site.group_PDB\n_atom_site.id\n_atom_site.type_symbol\n_atom_site.label_atom_id\n"
			"_atom_site.label_alt_id\n_atom_site.label_comp_id\n_atom_site.label_asym_id\n_atom_site.label_entity_id\n"
			"_atom_site.label_seq_id\n_atom_site.pdbx_PDB_ins_code\n_atom_site.Cartn_x\n_atom_site.Cartn_y\n"
			"_atom_site.Cartn_z\n_atom_site.occupancy\n_atom_site.B_iso_or_equiv\n_atom_site.auth_seq_id\n"
			"_atom_site.auth_comp_id\n_atom_site.auth_asym_id\n_atom_site.auth_atom_id\n_atom_site.pdbx_PDB_model_num\n");
	for (int i = 0; i < p->n_atoms; i++)
	{
		const atom *a = &p->atoms[i];
		const residue *r = &p->residues[a->residue];

		fprintf(f, "ATOM %d %c %s . %s A 1 %d ? %.3f %.3f %.3f 1.00 %.2f %d %s A %s 1\n",
				i + 1, a->element, a->name, r->type, r->number,
				a->r[0] + t->centre[0], a->r[1] + t->centre[1], a->r[2] + t->centre[2],
				a->b, r->number, r->type, a->name);
	}
	fprintf(f, "#\n");
	return finish(f);
}

bool
demo_write_truth(const char *path, const demo_truth *t, const protein *p)
{
	FILE	   *f = fopen(path, "w");
	double		mean_b = 0;
	int			helices = 0;
	const char *comma = "";

	if (f == NULL)
		return false;
	for (int i = 0; i < p->n_atoms; i++)
		mean_b += p->atoms[i].b / p->n_atoms;
	for (int i = 0; i < p->n_segments; i++)
		helices += p->segments[i].kind == 'H';
	fprintf(f, "{\n \"seed\": %llu,\n \"box\": %lld,\n \"voxel\": %.6g,\n \"atoms\": %d,\n \"residues\": %d,\n",
			(unsigned long long) t->seed, (long long) t->grid.n[0], t->grid.voxel[0], p->n_atoms, p->n_residues);
	fprintf(f, " \"mass\": %.1f,\n \"resolution\": %.4g,\n \"contour\": %.6g,\n", t->mass, t->resolution, t->contour);
	fprintf(f, " \"fsc_0143_expected\": %.4g,\n \"mean_b\": %.2f,\n \"half_map_envelope_b\": %.4g,\n",
			t->crossing, mean_b, t->envelope_b);
	fprintf(f, " \"hand\": \"right\",\n \"helices\": %d,\n \"helix_residues\": [", helices);
	for (int i = 0; i < p->n_segments; i++)
	{
		const segment *s = &p->segments[i];

		if (s->kind != 'H')
			continue;
		fprintf(f, "%s[%d, %d]", comma, p->residues[s->first].number, p->residues[s->first + s->residues - 1].number);
		comma = ", ";
	}
	fprintf(f, "]\n}\n");
	return finish(f);
}

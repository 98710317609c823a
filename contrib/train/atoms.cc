/*
 * contrib/train/atoms.cc
 *		Atoms of a PDB or mmCIF file through gemmi.
 *
 * Every function catches everything: no exception crosses into C.
 */
#include "atoms.h"

#include <gemmi/c4322.hpp>
#include <gemmi/gz.hpp>
#include <gemmi/mmread.hpp>

#include <cstdio>
#include <cstdlib>
#include <vector>

static const long MAX_ATOMS = 2000000;

/* The first alternate conformer named in a residue, or 0. */
static char
first_conformer(const gemmi::Residue &residue)
{
	for (const gemmi::Atom &atom : residue.atoms)
		if (atom.altloc != '\0')
			return atom.altloc;
	return '\0';
}

/* The atoms of one residue that count. */
static void
add_residue(const gemmi::Residue &residue, int chain, int number, std::vector<tr_atom> &to)
{
	const char	conformer = first_conformer(residue);

	for (const gemmi::Atom &atom : residue.atoms)
	{
		if (atom.is_hydrogen() || (atom.altloc != '\0' && atom.altloc != conformer))
			continue;
		tr_atom		one = {};

		one.at[0] = (float) atom.pos.x;
		one.at[1] = (float) atom.pos.y;
		one.at[2] = (float) atom.pos.z;
		one.b = atom.b_iso;
		one.element = atom.element.atomic_number();
		one.chain = chain;
		one.residue = number;
		one.ca = atom.name == "CA" && atom.element == gemmi::El::C;
		to.push_back(one);
		if ((long) to.size() > MAX_ATOMS)
			throw std::runtime_error("more than two million atoms");
	}
}

static void
read_model(const char *path, tr_model *out)
{
	gemmi::Structure structure = gemmi::read_structure(gemmi::MaybeGzipped(path));
	std::vector<tr_atom> atoms;
	int			chain = 0;
	int			residues = 0;

	if (structure.models.empty())
		throw std::runtime_error("no model in the file");
	for (const gemmi::Chain &c : structure.models[0].chains)
	{
		for (const gemmi::Residue &residue : c.residues)
			if (!residue.is_water())
				add_residue(residue, chain, residues++, atoms);
		chain++;
	}
	if (atoms.empty())
		throw std::runtime_error("no atom in the file");
	out->atom = static_cast<tr_atom *>(std::malloc(atoms.size() * sizeof(tr_atom)));
	if (out->atom == nullptr)
		throw std::bad_alloc();
	std::copy(atoms.begin(), atoms.end(), out->atom);
	out->n = (int64_t) atoms.size();
	out->residues = residues;
}

extern "C" int
tr_model_read(const char *path, tr_model *out, char *message, size_t size) noexcept
{
	*out = tr_model{};
	try
	{
		read_model(path, out);
		return 0;
	}
	catch (const std::exception &e)
	{
		std::snprintf(message, size, "%s", e.what());
	}
	catch (...)
	{
		std::snprintf(message, size, "unknown exception");
	}
	return -1;
}

extern "C" void
tr_model_free(tr_model *model) noexcept
{
	std::free(model->atom);
	*model = tr_model{};
}

extern "C" bool
tr_form_factor(int element, double a[5], double b[5]) noexcept
{
	using table = gemmi::C4322<double>;

	if (element < 1 || element > 98)
		return false;
	const auto &c = table::get(static_cast<gemmi::El>(element));

	for (int i = 0; i < 5; i++)
	{
		a[i] = c.a(i);
		b[i] = c.b(i);
	}
	return true;
}

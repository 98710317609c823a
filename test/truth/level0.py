#!/usr/bin/python3
"""Checks 0.a, 0.b and 0.c of one map by numpy and scipy alone: the truth that emvalid is compared with.

Usage: level0.py MAP CONTOUR

MAP is an MRC or CCP4 file, plain or gzip.  Prints a line `check name value` for each measure and, as
`check series.name.i value`, for each point of a series (i from 1).  A check that cannot be measured
prints `check state reason` instead.  Nothing of emvalid is used here, and the masks are made in
other ways: labels by scipy, the Euclidean mask by a distance transform or a structure element.
"""

import gzip
import math
import sys

import numpy as np
from scipy import ndimage, stats

MASK_RADIUS = 2.0      # Å
TOLERANCE = 1e-6       # on distances: voxel sizes come from 32-bit cells
GAUSSIAN = 5.733031437583892e-07


def emit(check, name, value):
    """Print one measure if it is a finite number."""
    if math.isfinite(value):
        print(check, name, repr(int(value)) if isinstance(value, (int, np.integer)) else repr(float(value)))


def read_map(path):
    """The voxels as float32 in [z, y, x] order, voxel sizes (x, y, z) in Å, cell angles in degrees."""
    opener = gzip.open if open(path, 'rb').read(2) == b'\x1f\x8b' else open
    with opener(path, 'rb') as f:
        data = f.read()
    order = '<' if 1 <= np.frombuffer(data, '<i4', 1, 64)[0] <= 3 or 0 <= np.frombuffer(data, '<i4', 1, 12)[0] < 256 \
        else '>'
    words = np.frombuffer(data, order + 'i4', 56)
    floats = np.frombuffer(data, order + 'f4', 56)
    mode = int(words[3])
    dtype = {0: 'i1', 1: order + 'i2', 2: order + 'f4', 6: order + 'u2', 12: order + 'f2'}[mode]
    columns, rows, sections = (int(w) for w in words[:3])
    voxels = np.frombuffer(data, dtype, columns * rows * sections, 1024 + int(words[23]))
    voxels = voxels.reshape(sections, rows, columns).astype(np.float32)
    axis = [int(w) for w in words[16:19]]               # MAPC, MAPR, MAPS
    if sorted(axis) != [1, 2, 3]:
        axis = [1, 2, 3]
    of_xyz = [2 - axis.index(a) for a in (1, 2, 3)]      # where x, y, z are in [section, row, column]
    voxels = np.ascontiguousarray(voxels.transpose(of_xyz[::-1]))
    # str: the decimal the writer meant, 153.6 rather than 153.600006
    voxel = [float(str(floats[10 + k])) / int(words[7 + k]) if words[7 + k] > 0 else 0 for k in range(3)]
    return voxels, voxel, [float(a) for a in floats[13:16]]


def largest_component(mask):
    """Sizes of the 26-connected components, descending, and the mask of the first largest one."""
    labels, count = ndimage.label(mask, np.ones((3, 3, 3), bool))
    sizes = np.bincount(labels.ravel())[1:]
    if count == 0:
        return sizes, np.zeros_like(mask)
    return np.sort(sizes)[::-1], labels == 1 + int(np.argmax(sizes))


def cosines(angles):
    """Cosines of the cell angles; an angle of 0 is unset and counts as 90."""
    return [0.0 if a == 0 or abs(a - 90) <= 0.01 else math.cos(math.radians(a)) for a in angles]


def voxel_volume(voxel, angles):
    """Volume of one voxel, Å³."""
    a, b, c = cosines(angles)
    return voxel[0] * voxel[1] * voxel[2] * math.sqrt(max(0, 1 - a * a - b * b - c * c + 2 * a * b * c))


def hard_mask(component, voxel, angles):
    """All voxels within 2 Å of the component: by a distance transform, in a skew cell by a structure element."""
    radius = MASK_RADIUS * (1 + TOLERANCE)
    if not any(cosines(angles)):
        return ndimage.distance_transform_edt(~component, sampling=voxel[::-1]) <= radius
    a, b, c = cosines(angles)
    ex = np.array([1.0, 0.0, 0.0])
    ey = np.array([c, math.sqrt(1 - c * c), 0.0])
    ez = np.array([b, (a - b * c) / ey[1], 0.0])
    ez[2] = math.sqrt(1 - ez[0] ** 2 - ez[1] ** 2)
    reach = [math.ceil(4 * radius / s) for s in voxel]
    dz, dy, dx = np.mgrid[-reach[2]:reach[2] + 1, -reach[1]:reach[1] + 1, -reach[0]:reach[0] + 1]
    step = sum(d[..., None] * s * e for d, s, e in ((dx, voxel[0], ex), (dy, voxel[1], ey), (dz, voxel[2], ez)))
    return ndimage.binary_dilation(component, (step ** 2).sum(-1) <= radius ** 2)


def hard_mask_vrs(volume, contour, voxel):
    """The mask of VRS: contour of six decimals, 18-neighbour steps, empty border."""
    mask = largest_component(volume >= float('%f' % contour))[1]
    for _ in range(math.ceil(MASK_RADIUS / voxel[0])):
        grown = ndimage.binary_dilation(mask, ndimage.generate_binary_structure(3, 2))
        mask = np.zeros_like(mask)
        mask[1:-1, 1:-1, 1:-1] = grown[1:-1, 1:-1, 1:-1]
    return mask


def centre_of_mass(density):
    """Centre of mass (x, y, z) in voxels; NaN without mass."""
    total = density.sum()
    with np.errstate(all='ignore'):
        return [float((density.sum(tuple(a for a in range(3) if a != 2 - k)) *
                       np.arange(density.shape[2 - k])).sum() / total) for k in range(3)]


def mass_analysis(volume, voxel, hard, vrs):
    """0.a"""
    v = volume.astype(np.float64)
    for suffix, mask, sizes, extra, com in (
            ('', hard, voxel, 1, centre_of_mass(np.where(hard, np.maximum(v, 0), 0))),
            ('_vrs', vrs, [voxel[0]] * 3, 0, centre_of_mass(v))):
        for k, axis in enumerate('xyz'):
            n = volume.shape[2 - k]
            planes = np.flatnonzero(mask.any(tuple(a for a in range(3) if a != 2 - k)))
            if len(planes) > 0:
                left = int(planes[0]) * sizes[k]
                right = (n - extra - int(planes[-1])) * sizes[k]
                emit('0.a', 'left_%s%s' % (axis, suffix), left)
                emit('0.a', 'right_%s%s' % (axis, suffix), right)
                emit('0.a', 'decentering_%s%s' % (axis, suffix), 100 * abs(right - left) / (n * sizes[k]))
            emit('0.a', 'com_%s%s' % (axis, suffix), com[k])
            emit('0.a', 'com_decentering_%s%s' % (axis, suffix), 100 * abs(com[k] - n / 2) / n)
    with np.errstate(all='ignore'):
        emit('0.a', 'com_conditioning', abs(v.sum()) / np.abs(v).sum())


def mask_analysis(volume, voxel, a3, contour, raw, sizes, hard, vrs):
    """0.b; a3 is the volume of a voxel."""
    n = int(raw.sum())
    cumulated = np.cumsum(sizes)
    kept = int(np.argmax(cumulated / n >= 0.95)) + 1
    rest = sizes[kept:]
    emit('0.b', 'components', len(sizes))
    emit('0.b', 'voxels', n)
    emit('0.b', 'volume', n * a3)
    emit('0.b', 'largest_voxels', int(sizes[0]))
    emit('0.b', 'components_95', kept)
    emit('0.b', 'components_95_vrs', kept - (1 if volume.size - n < sizes[kept - 1] else 0))
    emit('0.b', 'remaining', len(rest))
    emit('0.b', 'noise_mass_percent', 100 * int(rest.sum()) / n)
    if len(rest) > 0:
        emit('0.b', 'remaining_mean_voxels', float(rest.mean()))
        emit('0.b', 'remaining_mean_volume', float(rest.mean()) * a3)
        emit('0.b', 'remaining_mean_volume_vrs', voxel[0] ** 3)
        emit('0.b', 'remaining_max_voxels', int(rest[0]))
        emit('0.b', 'remaining_min_voxels', int(rest[-1]))
        emit('0.b', 'remaining_max_voxels_vrs', int(sizes[kept - 1]))
    for suffix, mask, volume_of_one in (('', hard, a3), ('_vrs', vrs, voxel[0] ** 3)):
        if mask.any():
            emit('0.b', 'constructed_voxels' + suffix, int(mask.sum()))
            emit('0.b', 'constructed_volume' + suffix, int(mask.sum()) * volume_of_one)
            emit('0.b', 'overlap' + suffix, int((mask & raw).sum()) / n)
    emit('0.b', 'contour', contour)
    emit('0.b', 'maximum', float(volume.max()))
    for i in range(min(kept, 100)):
        emit('0.b', 'series.component_voxels.%d' % (i + 1), int(sizes[i]))
        emit('0.b', 'series.component_cumulated_percent.%d' % (i + 1), 100 * int(cumulated[i]) / n)
    mass_table(volume, a3)


def mass_table(volume, a3):
    """The rows of the mass table, part of 0.b."""
    top = float(volume.max())
    v = volume.astype(np.float64)
    for i in range(1, 25) if top > 0 else []:
        w = int((v > top * i / 25).sum())
        emit('0.b', 'series.threshold.%d' % i, top * i / 25)
        emit('0.b', 'series.voxels.%d' % i, w)
        emit('0.b', 'series.mass_kda.%d' % i, w * a3 / 1207)
        emit('0.b', 'series.residues.%d' % i, w * a3 / 132.77)


def background(volume, hard, vrs):
    """0.c"""
    outside = volume[~hard].astype(np.float64)
    if outside.size == 0:
        print('0.c state no_background')
        return
    if outside.min() == outside.max():
        print('0.c state constant_background')
        return
    for suffix, values in (('', outside), ('_vrs', volume[~vrs].astype(np.float64))):
        n = values.size
        mean = values.mean()
        sd = values.std()
        if sd == 0:
            continue
        t = mean / sd * math.sqrt(n - 1)
        outliers = int((np.abs(values - (0 if suffix else mean)) > 5 * sd).sum())
        emit('0.c', 'n' + suffix, n)
        emit('0.c', 'mean' + suffix, mean)
        emit('0.c', 'sd' + suffix, sd)
        emit('0.c', 't' + suffix, t)
        emit('0.c', 'p' + suffix, 2 * stats.t.sf(abs(t), n - 1))
        emit('0.c', 'outliers' + suffix, outliers)
        emit('0.c', 'outlier_percent' + suffix, 100 * outliers / n)
        emit('0.c', 'outlier_ratio' + suffix, outliers / n / GAUSSIAN)
    emit('0.c', 'gaussian_percent', 100 * GAUSSIAN)
    emit('0.c', 'effect_size', abs(outside.mean()) / outside.std())
    block_test(volume, hard)


def block_test(volume, hard):
    """The t-test over means of cubes outside the mask, part of 0.c."""
    edge = min(16, max(1, min(volume.shape) // 4))
    means = []
    for z in range(0, volume.shape[0] - edge + 1, edge):
        for y in range(0, volume.shape[1] - edge + 1, edge):
            for x in range(0, volume.shape[2] - edge + 1, edge):
                cube = np.s_[z:z + edge, y:y + edge, x:x + edge]
                if not hard[cube].any():
                    means.append(volume[cube].mean(dtype=np.float64))
    emit('0.c', 'block_edge', edge)
    emit('0.c', 'blocks', len(means))
    if len(means) >= 2 and np.std(means) > 0:
        t = np.mean(means) / (np.std(means, ddof=1) / math.sqrt(len(means)))
        emit('0.c', 't_blocks', t)
        emit('0.c', 'p_blocks', 2 * stats.t.sf(abs(t), len(means) - 1))


def main(path, contour):
    """All three checks of one map."""
    volume, voxel, angles = read_map(path)
    raw = volume >= np.float64(contour)
    reason = None
    if not all(math.isfinite(s) and s > 0 for s in voxel) or not voxel_volume(voxel, angles) > 0:
        reason = 'bad_grid'
    elif not np.isfinite(volume).all():
        reason = 'not_finite_voxels'
    elif not raw.any():
        reason = 'empty_mask'
    if reason is not None:
        for check in ('0.a', '0.b', '0.c'):
            print(check, 'state', reason)
        return
    sizes, largest = largest_component(raw)
    hard = hard_mask(largest, voxel, angles)
    vrs = hard_mask_vrs(volume, contour, voxel)
    mass_analysis(volume, voxel, hard, vrs)
    mask_analysis(volume, voxel, voxel_volume(voxel, angles), contour, raw, sizes, hard, vrs)
    background(volume, hard, vrs)


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], float(sys.argv[2]))

/*
 * 22_checks.sql: the levels, and the checks of levels 0 and 1.
 *
 * Item names are those of the item table of a VRS report.
 */

INSERT INTO em_level_info (level, ordinal, inputs, preamble, title, description, shipped) VALUES
('0', 0, '{map}', NULL, 'Level 0 analysis', 'the map alone', true),
('1', 1, '{half1,half2}', 'Half maps', 'Level 1 analysis', 'two half maps', true),
('2', 2, '{classes}', '2D classes', 'Level 2 analysis', 'two-dimensional classes', true),
('3', 3, '{particles}', 'Particles', 'Level 3 analysis', 'particle images', true),
('4', 4, '{particles,angles}', 'Angular assignment', 'Level 4 analysis', 'particle images with their orientations', true),
('5', 5, '{micrographs,coordinates}', 'Micrographs', 'Level 5 analysis', 'micrographs with the particle coordinates', true),
('A', 6, '{model}', 'Atomic model', 'Level A analysis', 'an atomic model', true),
('W', 7, '{workflow}', 'Workflow', 'Level W analysis', 'the image processing workflow', true),
('O', 8, '{other}', 'Other techniques', 'Level O analysis', 'evidence from other techniques', true);

INSERT INTO em_check (check_code, level, ordinal, name, title, shipped, applies, reference,
                      sentence_ok, sentence_warned, explanation) VALUES
('0.a', '0', 1, 'Mass analysis', 'Mass analysis', true, NULL, '10.1039/D2FD00059H',
 'The map seems to be well centered.',
 'The map seems to have some problem in its centering or extra space (see Sec. {section}).',
 'A molecule should sit near the middle of its box, with free space on every side: the contrast transfer function '
 'spreads density beyond the molecule, and correcting it needs that room. The space is measured from the faces of the '
 'box to the mask of the molecule; the centre of mass tells whether density gathers on one side.'),
('0.b', '0', 2, 'Mask analysis', 'Mask analysis', true, NULL, '10.1039/D2FD00059H',
 'There is no problem with the suggested threshold.',
 'There seems to be a problem with the suggested threshold (see Sec. {section}).',
 'At the suggested threshold nearly all the mass should belong to one connected piece. Some tiny isolated blobs of noise '
 'are normal, as long as together they hold little mass and none is large. The raw mask (all voxels at or above the '
 'threshold) is compared with the constructed mask (its largest piece, dilated by 2 Å): the overlap is the share of the '
 'raw mask that the constructed mask covers, 1 at best.'),
('0.c', '0', 3, 'Background analysis', 'Background analysis', true, NULL, '10.1039/D2FD00059H',
 'There is no problem with the map''s background.',
 'There seems to be a problem with the map''s background (see Sec. {section}).',
 'Background is everything outside the mask. It should be noise around zero: its mean should not differ from zero by '
 'a sizeable part of its standard deviation, and values far out in the tails should be rare and scattered without '
 'pattern. With millions of voxels a t-test rejects any mean that is not exactly zero, so the size of the effect says '
 'more than its p-value.'),
('0.d', '0', 4, 'B-factor analysis', 'B-factor analysis', true, 'a reported resolution of 8 Å or better', '10.1016/j.jmb.2003.07.013',
 NULL, 'There seems to be a problem with its B-factor (see Sec. {section}).',
 'The Guinier plot shows the logarithm of the mean amplitude against the square of the frequency. Between 15 Å and the '
 'reported resolution a straight line is fitted; four times its slope is the B-factor. A negative B-factor means that '
 'amplitudes fall off with frequency; a positive one, that the map was sharpened beyond a flat spectrum.'),
('0.e', '0', 5, 'Local resolution', 'Local resolution from one map', true, 'a reported resolution between 2 and 13 Å', '10.1107/S2052252519011692',
 NULL, NULL,
 'Local resolution estimated from the appearance of the density alone. The original service uses the neural network DeepRes '
 'here, whose weights cannot be shipped; the local-spectrum regressor stands in for it. The power around each '
 'place of the map in 16 bands between 2.2 and 14 Å, and how far it rises above the noise outside the mask, go through a '
 'small perceptron that was trained on maps simulated from atomic models. The scale means the same, the finest detail '
 'that is there, but the numbers of the two need not agree. On simulated maps of models it had not seen, it was off by '
 '0.6 Å on average between 2.3 and 14 Å, by 0.8 Å where the outside of the mask is empty; on real maps its error is not '
 'known.'),
('0.f', '0', 6, 'LocBfactor', 'Local B-factor', true, 'a reported resolution, which should be clearly better than 15 Å', '10.1038/s41467-021-21509-5',
 NULL, 'There seems to be a problem with its local B-factor (see Sec. {section}).',
 'The decay of the local amplitude with frequency, place by place. The spiral (Riesz) transform separates local '
 'amplitude from phase in each frequency band, and a line through the logarithm of the amplitudes gives the '
 'local B-factor.'),
('0.g', '0', 7, 'LocOccupancy', 'Local Occupancy', true, 'a reported resolution, which should be clearly better than 15 Å', '10.1038/s41467-021-21509-5',
 NULL, 'There seems to be a problem with its local occupancy (see Sec. {section}).',
 'In how many of the frequency bands between 15 Å and the reported resolution the local amplitude reaches the level '
 'usual inside the molecule. A place that falls short in many bands may be occupied in part of the particles only.'),
('0.h', '0', 8, 'Handedness', 'Handedness', true, 'a reported resolution of 5 Å or better', '10.1107/S0365110X52001635',
 NULL, 'There seems to be a problem with its hand (see Sec. {section}).',
 'Whether the map or its mirror image is right. Alpha helices of proteins are right-handed; from about 5 Å on their '
 'density tells the hand. The score runs from 0 (right) to 1 (mirrored). Measured by emvalid, it comes from layer lines: '
 'around each rod of density the right-handed and the left-handed helical wave of 5.4 Å pitch are compared, and a small '
 'perceptron that by construction cannot prefer a hand tells helices from the rest. This stands in for the neural network of the '
 'original service (doi:10.1016/j.jsb.2022.107915): the scale means the same, the numbers need not agree. '
 'On simulated maps of structures that it was not trained on, none of those with 20 or more residues in helices got the wrong '
 'hand; a decision was reached for 95 % of them from 3 to 4 Å, for 70 % at 4.5 Å and for few at 5 Å. Structures without helices '
 'should get none, and three of 84 got one.'),
('1.a', '1', 1, 'Global resolution', 'Global resolution', true, 'two half maps', '10.1016/j.pbiomolbio.2016.09.005',
 NULL, NULL,
 'How far the two half maps agree in Fourier space. The Fourier shell correlation (FSC) is read at 0.143; the '
 'differential phase residual (DPR) and the spectral signal-to-noise ratio (SSNR) tell the same story in other '
 'units. The half maps are compared without a mask, so the value lies on the conservative side for the whole box and '
 'near the better end of the local resolution. All curves should fall steadily; a curve that comes back points to a '
 'mask or another non-linear step applied to both halves.'),
('1.b', '1', 2, 'FSC permutation', 'FSC permutation', true, 'two half maps', '10.1016/j.jsb.2020.107579',
 NULL, NULL,
 'A statistical test in place of a fixed FSC limit: permuting the coefficients of a shell shows what the FSC of noise '
 'looks like, and the resolution is where the correlation can no longer be told from it at a false discovery rate of 1 %.'),
('1.c', '1', 3, 'Blocres', 'Local resolution with Blocres', true, 'two half maps', '10.1016/j.jsb.2013.08.002',
 NULL, NULL,
 'Local resolution by Fourier shell correlation of the half maps in a small box that moves over the map.'),
('1.d', '1', 4, 'Resmap', 'Local resolution with Resmap', true, 'two half maps', '10.1038/nmeth.2727',
 NULL, NULL,
 'Local resolution by hypothesis tests: the finest wave-like feature whose strength exceeds the noise significantly.'),
('1.e', '1', 5, 'MonoRes', 'Local resolution with MonoRes', true, 'two half maps', '10.1016/j.str.2017.12.018',
 NULL, NULL,
 'Local resolution by comparing, frequency by frequency, the local (monogenic) amplitude of the map with the '
 'distribution of amplitudes in the noise: the finest frequency at which a place still stands out.'),
('1.f', '1', 6, 'MonoDir', 'Local and directional resolution with MonoDir', true, 'two half maps and a reported resolution of 10 Å or better', '10.1038/s41467-019-13742-w',
 NULL, 'There seems to be a problem with its directional resolution (see Sec. {section}).',
 'Local resolution measured along many directions. If some direction is best far more often than others, the map is '
 'anisotropic: orientations are missing or uneven, or the specimen moved in one direction. A resolution that gets '
 'worse away from the centre points to inaccurate angles.'),
('1.g', '1', 7, 'FSO', 'Fourier Shell Occupancy', true, 'two half maps', '10.1038/s41592-023-01874-3',
 NULL, NULL,
 'In each shell, the share of directions in which the half maps agree (directional FSC at 0.143 or more). It falls '
 'from 1 to 0 around the resolution; the wider the fall, the more anisotropic the map. The range from 90 % '
 'to 10 % shows its width.'),
('1.h', '1', 8, 'FSC3D', 'Fourier Shell Correlation 3D', true, 'two half maps', '10.1038/nmeth.4347',
 NULL, NULL,
 'The Fourier shell correlation within cones around the axes, beside the global one: how far the resolution depends '
 'on the direction.');

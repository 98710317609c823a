/*
 * src/pg/fn_hand.c
 *		Measuring function of check 0.h: handedness.
 */
#include "fn_measure.h"

/* _em_hand(map, contour, resolution), of which em_hand is made */
MEASURE(hand, row, "0.h", .map = 1, .contour = 2, .resolution = 3)

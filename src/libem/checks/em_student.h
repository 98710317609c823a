/*
 * src/libem/checks/em_student.h
 *		Student's t-test.
 */
#ifndef EM_STUDENT_H
#define EM_STUDENT_H

/*
 * Two-sided p-value of t with nu > 0 degrees of freedom, relative accuracy
 * better than 1e-10; 0 when it is too small for a double, NaN for a t or nu
 * that makes no sense.
 */
extern double em_student_p(double t, double nu);

#endif							/* EM_STUDENT_H */

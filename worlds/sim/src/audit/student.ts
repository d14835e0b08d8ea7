/**
 * Student's distribution for whole degrees of freedom: its two-sided share as a finite sum (Abramowitz and Stegun,
 * 26.7.3 and 26.7.4), its quantiles by bisection. Tails down to 1e-8 are exact to more digits than a confidence level has.
 */

/** The probability that the absolute value is at most `t` >= 0. */
function studentShare(t: number, degrees: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees));
  const cosine = Math.cos(angle);
  const isOdd = degrees % 2 === 1;
  let term = isOdd ? cosine : 1;
  let sum = 0;
  for (let k = isOdd ? 1 : 0; k <= degrees - 2; k += 2) {
    sum += term;
    term *= (cosine * cosine * (k + 1)) / (k + 2);
  }
  return isOdd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
}

/** The probability of exceeding `t` >= 0. */
export const studentTail = (t: number, degrees: number): number => (1 - studentShare(t, degrees)) / 2;

/** The value that is exceeded with probability `tail`, in [1e-8, 0.5]. */
export function studentQuantile(tail: number, degrees: number): number {
  let low = 0;
  let high = 1;
  while (studentTail(high, degrees) > tail) high *= 2;
  for (let i = 0; i < 100 && high - low > 1e-12 * high; i++) {
    const middle = (low + high) / 2;
    if (studentTail(middle, degrees) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

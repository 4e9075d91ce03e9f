/** The mean, and by least squares how much it grows an hour. @param points hours and values */
export function slopeOf(points: readonly (readonly [number, number])[]): { mean: number; perHour: number } {
  const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const at = meanOf(points.map(([hour]) => hour));
  const mean = meanOf(points.map(([, value]) => value));
  const spread = points.reduce((sum, [hour]) => sum + (hour - at) ** 2, 0);
  const shared = points.reduce((sum, [hour, value]) => sum + (hour - at) * (value - mean), 0);
  return { mean, perHour: spread === 0 ? 0 : shared / spread };
}

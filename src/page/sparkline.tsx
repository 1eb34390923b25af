/** A small chart of a queue's depth as a line: cheaper than a canvas for each row of a table. */
export function Sparkline({ depths, label }: { readonly depths: readonly number[]; readonly label: string }) {
  if (depths.length < 2) return <span class="quiet">–</span>
  const most = Math.max(1, ...depths)
  const points = depths.map(
    (depth, at) => `${((at / (depths.length - 1)) * 80).toFixed(1)},${(21 - (depth / most) * 19).toFixed(1)}`,
  )
  return (
    <svg class="spark" viewBox="0 0 80 22" width="80" height="22" role="img" aria-label={label}>
      <polyline points={points.join(' ')} />
    </svg>
  )
}

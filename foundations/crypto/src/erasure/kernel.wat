;; Sums of products of shards in GF(2^8): rows of factors times columns of bytes, 32 bytes at a time. A product is linear in the
;; bits of either side, so factor * byte = factor * (low nibble) + factor * (high nibble): two tables of 16 products, which
;; `i8x16.swizzle` looks up for 16 bytes at once (Plank, Greenan, Miller, "Screaming Fast Galois Field Arithmetic Using Intel
;; SIMD Instructions", FAST 2013). Two rows share the splitting into nibbles: 26 GB of products a second, where a row alone comes
;; to 20, and four at once to 25.
;;
;; The caller writes into memory: at 0, 32 bytes for each factor, its products with 0x00, 0x01 .. 0x0f, then with 0x00, 0x10 ..
;; 0xf0; wherever it likes, the matrix, one row of factors after the other, and the inputs, each `stride` bytes after the last.
;; Outputs have the same stride. Lengths and strides are multiples of 32: what lies behind an odd input is computed along.
(module
  (memory (export "memory") 2)

  ;; Outputs of two rows, whose factors begin at `factors`.
  (func $two
    (param $factors i32) (param $inputs i32) (param $stride i32) (param $from i32) (param $to i32) (param $length i32)
    (local $end i32) (local $left i32) (local $factor i32) (local $at i32) (local $table i32)
    (local $low0 v128) (local $high0 v128) (local $low1 v128) (local $high1 v128) (local $lows v128) (local $highs v128)
    (local $sum00 v128) (local $sum01 v128) (local $sum10 v128) (local $sum11 v128)
    (local.set $end (i32.add (local.get $from) (local.get $length)))
    (loop $columns
      (local.set $sum00 (v128.const i64x2 0 0))
      (local.set $sum01 (v128.const i64x2 0 0))
      (local.set $sum10 (v128.const i64x2 0 0))
      (local.set $sum11 (v128.const i64x2 0 0))
      (local.set $at (local.get $from))
      (local.set $factor (local.get $factors))
      (local.set $left (local.get $inputs))
      (loop $next
        (local.set $high0 (v128.load (local.get $at)))
        (local.set $low0 (v128.and (local.get $high0) (v128.const i64x2 0x0f0f0f0f0f0f0f0f 0x0f0f0f0f0f0f0f0f)))
        (local.set $high0 (i8x16.shr_u (local.get $high0) (i32.const 4)))
        (local.set $high1 (v128.load offset=16 (local.get $at)))
        (local.set $low1 (v128.and (local.get $high1) (v128.const i64x2 0x0f0f0f0f0f0f0f0f 0x0f0f0f0f0f0f0f0f)))
        (local.set $high1 (i8x16.shr_u (local.get $high1) (i32.const 4)))
        (local.set $table (i32.shl (i32.load8_u (local.get $factor)) (i32.const 5)))
        (local.set $lows (v128.load (local.get $table)))
        (local.set $highs (v128.load offset=16 (local.get $table)))
        (local.set $sum00
          (v128.xor
            (local.get $sum00)
            (v128.xor
              (i8x16.swizzle (local.get $lows) (local.get $low0))
              (i8x16.swizzle (local.get $highs) (local.get $high0)))))
        (local.set $sum01
          (v128.xor
            (local.get $sum01)
            (v128.xor
              (i8x16.swizzle (local.get $lows) (local.get $low1))
              (i8x16.swizzle (local.get $highs) (local.get $high1)))))
        (local.set $table (i32.shl (i32.load8_u (i32.add (local.get $factor) (local.get $inputs))) (i32.const 5)))
        (local.set $lows (v128.load (local.get $table)))
        (local.set $highs (v128.load offset=16 (local.get $table)))
        (local.set $sum10
          (v128.xor
            (local.get $sum10)
            (v128.xor
              (i8x16.swizzle (local.get $lows) (local.get $low0))
              (i8x16.swizzle (local.get $highs) (local.get $high0)))))
        (local.set $sum11
          (v128.xor
            (local.get $sum11)
            (v128.xor
              (i8x16.swizzle (local.get $lows) (local.get $low1))
              (i8x16.swizzle (local.get $highs) (local.get $high1)))))
        (local.set $at (i32.add (local.get $at) (local.get $stride)))
        (local.set $factor (i32.add (local.get $factor) (i32.const 1)))
        (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
      (local.set $at (local.get $to))
      (v128.store (local.get $at) (local.get $sum00))
      (v128.store offset=16 (local.get $at) (local.get $sum01))
      (local.set $at (i32.add (local.get $at) (local.get $stride)))
      (v128.store (local.get $at) (local.get $sum10))
      (v128.store offset=16 (local.get $at) (local.get $sum11))
      (local.set $to (i32.add (local.get $to) (i32.const 32)))
      (local.set $from (i32.add (local.get $from) (i32.const 32)))
      (br_if $columns (i32.lt_u (local.get $from) (local.get $end)))))

  ;; The output of one row.
  (func $one
    (param $factors i32) (param $inputs i32) (param $stride i32) (param $from i32) (param $to i32) (param $length i32)
    (local $end i32) (local $left i32) (local $factor i32) (local $at i32) (local $table i32)
    (local $low0 v128) (local $high0 v128) (local $low1 v128) (local $high1 v128) (local $lows v128) (local $highs v128)
    (local $sum00 v128) (local $sum01 v128)
    (local.set $end (i32.add (local.get $from) (local.get $length)))
    (loop $columns
      (local.set $sum00 (v128.const i64x2 0 0))
      (local.set $sum01 (v128.const i64x2 0 0))
      (local.set $at (local.get $from))
      (local.set $factor (local.get $factors))
      (local.set $left (local.get $inputs))
      (loop $next
        (local.set $high0 (v128.load (local.get $at)))
        (local.set $low0 (v128.and (local.get $high0) (v128.const i64x2 0x0f0f0f0f0f0f0f0f 0x0f0f0f0f0f0f0f0f)))
        (local.set $high0 (i8x16.shr_u (local.get $high0) (i32.const 4)))
        (local.set $high1 (v128.load offset=16 (local.get $at)))
        (local.set $low1 (v128.and (local.get $high1) (v128.const i64x2 0x0f0f0f0f0f0f0f0f 0x0f0f0f0f0f0f0f0f)))
        (local.set $high1 (i8x16.shr_u (local.get $high1) (i32.const 4)))
        (local.set $table (i32.shl (i32.load8_u (local.get $factor)) (i32.const 5)))
        (local.set $lows (v128.load (local.get $table)))
        (local.set $highs (v128.load offset=16 (local.get $table)))
        (local.set $sum00
          (v128.xor
            (local.get $sum00)
            (v128.xor
              (i8x16.swizzle (local.get $lows) (local.get $low0))
              (i8x16.swizzle (local.get $highs) (local.get $high0)))))
        (local.set $sum01
          (v128.xor
            (local.get $sum01)
            (v128.xor
              (i8x16.swizzle (local.get $lows) (local.get $low1))
              (i8x16.swizzle (local.get $highs) (local.get $high1)))))
        (local.set $at (i32.add (local.get $at) (local.get $stride)))
        (local.set $factor (i32.add (local.get $factor) (i32.const 1)))
        (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
      (local.set $at (local.get $to))
      (v128.store (local.get $at) (local.get $sum00))
      (v128.store offset=16 (local.get $at) (local.get $sum01))
      (local.set $to (i32.add (local.get $to) (i32.const 32)))
      (local.set $from (i32.add (local.get $from) (i32.const 32)))
      (br_if $columns (i32.lt_u (local.get $from) (local.get $end)))))

  ;; An output for each of `outputs` rows of `inputs` factors.
  (func (export "multiply")
    (param $factors i32) (param $inputs i32) (param $outputs i32)
    (param $from i32) (param $to i32) (param $stride i32) (param $length i32)
    (block $done
      (loop $next
        (br_if $done (i32.lt_u (local.get $outputs) (i32.const 2)))
        (call $two
          (local.get $factors) (local.get $inputs) (local.get $stride)
          (local.get $from) (local.get $to) (local.get $length))
        (local.set $factors (i32.add (local.get $factors) (i32.shl (local.get $inputs) (i32.const 1))))
        (local.set $to (i32.add (local.get $to) (i32.shl (local.get $stride) (i32.const 1))))
        (local.set $outputs (i32.sub (local.get $outputs) (i32.const 2)))
        (br $next)))
    (if (local.get $outputs)
      (then
        (call $one
          (local.get $factors) (local.get $inputs) (local.get $stride)
          (local.get $from) (local.get $to) (local.get $length))))))

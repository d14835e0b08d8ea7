;; SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, INDOCRYPT 2012; the reference's `siphash.c`).
;; Little-endian, as WebAssembly's memory is. The caller lays out keys (16 bytes each), the message and room for tags
;; (16 bytes each); nothing is kept between calls.
(module
  (memory (export "memory") 1)

  ;; The tag of `length` bytes from `at` under the key at `key`, written to `out`.
  (func $tag (export "tag") (param $key i32) (param $at i32) (param $length i32) (param $out i32)
    (local $v0 i64) (local $v1 i64) (local $v2 i64) (local $v3 i64)
    (local $m i64) (local $end i32) (local $left i32) (local $rounds i32)
    ;; 0 whole words, 1 the last word, 2 and 3 the halves of the tag
    (local $phase i32)
    (local.set $v0 (i64.xor (i64.const 0x736f6d6570736575) (i64.load (local.get $key))))
    (local.set $v1 (i64.xor (i64.const 0x646f72616e646f6d) (i64.load offset=8 (local.get $key))))
    (local.set $v2 (i64.xor (i64.const 0x6c7967656e657261) (i64.load (local.get $key))))
    (local.set $v3 (i64.xor (i64.const 0x7465646279746573) (i64.load offset=8 (local.get $key))))
    (local.set $v1 (i64.xor (local.get $v1) (i64.const 0xee)))
    (local.set $end (i32.add (local.get $at) (i32.and (local.get $length) (i32.const -8))))
    (loop $next
      (local.set $rounds (i32.const 2))
      (if (i32.and (i32.eqz (local.get $phase)) (i32.lt_u (local.get $at) (local.get $end)))
        (then
          (local.set $m (i64.load (local.get $at)))
          (local.set $at (i32.add (local.get $at) (i32.const 8))))
        (else
          (local.set $phase (i32.add (local.get $phase) (i32.const 1)))
          (if (i32.eq (local.get $phase) (i32.const 1))
            (then
              ;; What is left, from its last byte on, below the length.
              (local.set $m (i64.shl (i64.extend_i32_u (local.get $length)) (i64.const 56)))
              (local.set $left (i32.and (local.get $length) (i32.const 7)))
              (block $done
                (loop $byte
                  (br_if $done (i32.eqz (local.get $left)))
                  (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                  (local.set $m
                    (i64.or
                      (local.get $m)
                      (i64.shl
                        (i64.load8_u (i32.add (local.get $at) (local.get $left)))
                        (i64.extend_i32_u (i32.shl (local.get $left) (i32.const 3))))))
                  (br $byte))))
            (else
              (local.set $m (i64.const 0))
              (local.set $rounds (i32.const 4))
              (if (i32.eq (local.get $phase) (i32.const 2))
                (then (local.set $v2 (i64.xor (local.get $v2) (i64.const 0xee))))
                (else (local.set $v1 (i64.xor (local.get $v1) (i64.const 0xdd)))))))))
      (local.set $v3 (i64.xor (local.get $v3) (local.get $m)))
      (loop $round
        (local.set $v0 (i64.add (local.get $v0) (local.get $v1)))
        (local.set $v2 (i64.add (local.get $v2) (local.get $v3)))
        (local.set $v1 (i64.xor (i64.rotl (local.get $v1) (i64.const 13)) (local.get $v0)))
        (local.set $v3 (i64.xor (i64.rotl (local.get $v3) (i64.const 16)) (local.get $v2)))
        (local.set $v0 (i64.rotl (local.get $v0) (i64.const 32)))
        (local.set $v2 (i64.add (local.get $v2) (local.get $v1)))
        (local.set $v0 (i64.add (local.get $v0) (local.get $v3)))
        (local.set $v1 (i64.xor (i64.rotl (local.get $v1) (i64.const 17)) (local.get $v2)))
        (local.set $v3 (i64.xor (i64.rotl (local.get $v3) (i64.const 21)) (local.get $v0)))
        (local.set $v2 (i64.rotl (local.get $v2) (i64.const 32)))
        (br_if $round (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
      (local.set $v0 (i64.xor (local.get $v0) (local.get $m)))
      (br_if $next (i32.lt_u (local.get $phase) (i32.const 2)))
      (i64.store
        (local.get $out)
        (i64.xor
          (i64.xor (local.get $v0) (local.get $v1))
          (i64.xor (local.get $v2) (local.get $v3))))
      (local.set $out (i32.add (local.get $out) (i32.const 8)))
      (br_if $next (i32.eq (local.get $phase) (i32.const 2)))))

  ;; A tag under each of `count` keys.
  (func (export "vector") (param $key i32) (param $count i32) (param $at i32) (param $length i32) (param $out i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (call $tag (local.get $key) (local.get $at) (local.get $length) (local.get $out))
        (local.set $key (i32.add (local.get $key) (i32.const 16)))
        (local.set $out (i32.add (local.get $out) (i32.const 16)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))))

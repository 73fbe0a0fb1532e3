;; CRC-64/XZ (ECMA-182, reflected), the checksum OSS sends as x-oss-hash-crc64ecma.
;; `npx tsx scripts/crc64/build.ts` assembles this file into src/engine/base/crc64Module.ts.
;;
;; Bytes are polynomials over GF(2): the first byte has the highest powers of x, and inside a byte
;; the lowest bit has the highest power. A checksum of bytes m is m * x^64 modulo P; "state" below is
;; that remainder without the inversion at both ends, which the caller does.
;;
;; Table lookup (slice) costs one load and one exclusive-or per byte, each waiting for the one
;; before. Folding is cheaper. This multiple of P has only eight terms, all of them whole bytes:
;;
;;   x^(8*3612) = x^(8*1660) + x^(8*1628) + x^(8*1379) + x^(8*1358) + x^(8*1137) + x^(8*552) + 1
;;
;; so a byte may be erased if it is added to the seven bytes 1952, 1984, 2233, 2254, 2475, 3060 and
;; 3612 places behind it (3612 less the exponents above): the remainder stays the same. Seen from
;; the byte that is added to: byte[i] ^= byte[i-1952] ^ byte[i-1984] ^ ... ^ byte[i-3612]. That needs
;; no table, works on 16 bytes at once, and nothing waits, because the nearest source is 122 steps
;; of 16 bytes back. Only the last 3612 bytes are left for the table.
;; The multiple was found by a birthday search: sums of two powers of x, joined pairwise where their
;; low 22 bits agree, then where all bits agree. A unit test proves that it is one.
;; A short reach (3612 bytes) keeps the rest for the table small; near sources above 1 KB keep the
;; loads clear of stores that have not reached the cache, from which an unaligned load cannot be fed.
;;
;; Memory, in bytes:
;;       0  16 tables of 256 remainders: table k has byte * x^(64 + 8*k) modulo P
;;   33248  history: the last 3616 folded bytes before the block (3616: 3612 in whole steps)
;;   36864  block: what fold works on, up to 32768 bytes
;;   69632  tail: what finish works on, up to 3631 bytes; slice may use block and tail
(module
  (memory (export "memory") 2 2)

  (start $fillTables)

  (func $fillTables
    (local $index i32) (local $bit i32) (local $value i64)
    (loop $nextByte
      (local.set $value (i64.extend_i32_u (local.get $index)))
      (local.set $bit (i32.const 0))
      (loop $nextBit
        (local.set $value (call $timesX (local.get $value)))
        (local.set $bit (i32.add (local.get $bit) (i32.const 1)))
        (br_if $nextBit (i32.lt_u (local.get $bit) (i32.const 8))))
      (i64.store (i32.shl (local.get $index) (i32.const 3)) (local.get $value))
      (local.set $index (i32.add (local.get $index) (i32.const 1)))
      (br_if $nextByte (i32.lt_u (local.get $index) (i32.const 256))))
    ;; Each further table is the one before, moved on by a zero byte.
    (loop $nextEntry
      (local.set $value
        (i64.load (i32.sub (i32.shl (local.get $index) (i32.const 3)) (i32.const 2048))))
      (i64.store
        (i32.shl (local.get $index) (i32.const 3))
        (call $addByte (local.get $value) (i32.const 0)))
      (local.set $index (i32.add (local.get $index) (i32.const 1)))
      (br_if $nextEntry (i32.lt_u (local.get $index) (i32.const 4096)))))

  ;; value * x modulo P.
  (func $timesX (param $value i64) (result i64)
    (i64.xor
      (i64.shr_u (local.get $value) (i64.const 1))
      (i64.and
        (i64.const 0xc96c5795d7870f42)
        (i64.sub (i64.const 0) (i64.and (local.get $value) (i64.const 1))))))

  (func $addByte (param $state i64) (param $byte i32) (result i64)
    (i64.xor
      (i64.shr_u (local.get $state) (i64.const 8))
      (i64.load
        (i32.shl
          (i32.and
            (i32.xor (i32.wrap_i64 (local.get $state)) (local.get $byte))
            (i32.const 255))
          (i32.const 3)))))

  ;; The state after the bytes at address, by table, 16 bytes per step. Each byte's entry lies at
  ;; 8 times the byte. The loops over steps call nothing, because V8 before 13 does not
  ;; inline calls: shared functions for the entry and for the sources below made it half as fast.
  (func $slice (export "slice")
    (param $state i64) (param $address i32) (param $size i32) (result i64)
    (local $end i32) (local $word i64)
    (local.set $end
      (i32.add (local.get $address) (i32.and (local.get $size) (i32.const -16))))
    (block $stepsDone
      (loop $nextStep
        (br_if $stepsDone (i32.eq (local.get $address) (local.get $end)))
        (local.set $state (i64.xor (local.get $state) (i64.load (local.get $address))))
        (local.set $word (i64.load offset=8 (local.get $address)))
        (local.set $state
          (i64.xor
            (i64.xor
              (i64.xor
                (i64.xor
                  (i64.load offset=30720 (i32.and (i32.wrap_i64 (i64.shl (local.get $state) (i64.const 3))) (i32.const 0x7f8)))
                  (i64.load offset=28672 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $state) (i64.const 5))) (i32.const 0x7f8))))
                (i64.xor
                  (i64.load offset=26624 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $state) (i64.const 13))) (i32.const 0x7f8)))
                  (i64.load offset=24576 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $state) (i64.const 21))) (i32.const 0x7f8)))))
              (i64.xor
                (i64.xor
                  (i64.load offset=22528 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $state) (i64.const 29))) (i32.const 0x7f8)))
                  (i64.load offset=20480 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $state) (i64.const 37))) (i32.const 0x7f8))))
                (i64.xor
                  (i64.load offset=18432 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $state) (i64.const 45))) (i32.const 0x7f8)))
                  (i64.load offset=16384 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $state) (i64.const 53))) (i32.const 0x7f8))))))
            (i64.xor
              (i64.xor
                (i64.xor
                  (i64.load offset=14336 (i32.and (i32.wrap_i64 (i64.shl (local.get $word) (i64.const 3))) (i32.const 0x7f8)))
                  (i64.load offset=12288 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $word) (i64.const 5))) (i32.const 0x7f8))))
                (i64.xor
                  (i64.load offset=10240 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $word) (i64.const 13))) (i32.const 0x7f8)))
                  (i64.load offset=8192 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $word) (i64.const 21))) (i32.const 0x7f8)))))
              (i64.xor
                (i64.xor
                  (i64.load offset=6144 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $word) (i64.const 29))) (i32.const 0x7f8)))
                  (i64.load offset=4096 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $word) (i64.const 37))) (i32.const 0x7f8))))
                (i64.xor
                  (i64.load offset=2048 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $word) (i64.const 45))) (i32.const 0x7f8)))
                  (i64.load (i32.and (i32.wrap_i64 (i64.shr_u (local.get $word) (i64.const 53))) (i32.const 0x7f8))))))))
        (local.set $address (i32.add (local.get $address) (i32.const 16)))
        (br $nextStep)))
    (local.set $end
      (i32.add (local.get $address) (i32.and (local.get $size) (i32.const 15))))
    (block $bytesDone
      (loop $nextByte
        (br_if $bytesDone (i32.eq (local.get $address) (local.get $end)))
        (local.set $state
          (call $addByte (local.get $state) (i32.load8_u (local.get $address))))
        (local.set $address (i32.add (local.get $address) (i32.const 1)))
        (br $nextByte)))
    (local.get $state))

  ;; Begins a run of folds: there is nothing before the block.
  (func (export "start")
    (memory.fill (i32.const 33248) (i32.const 0) (i32.const 3616)))

  ;; Folds the block: size bytes, 16 to 32768, a multiple of 16. The state is that before the
  ;; block for the first fold of a run, then 0: the run carries it on. The address is 3612 bytes
  ;; before the bytes of the step, where the farthest source is.
  (func (export "fold") (param $state i64) (param $size i32)
    (local $address i32) (local $end i32)
    (i64.store (i32.const 36864) (i64.xor (i64.load (i32.const 36864)) (local.get $state)))
    (local.set $address (i32.const 33252))
    (local.set $end (i32.add (local.get $address) (local.get $size)))
    (loop $nextStep
      (v128.store offset=3612
        (local.get $address)
        (v128.xor
          (v128.load offset=3612 (local.get $address))
          (v128.xor
            (v128.xor
              (v128.xor
                (v128.load offset=1660 (local.get $address))
                (v128.load offset=1628 (local.get $address)))
              (v128.xor
                (v128.load offset=1379 (local.get $address))
                (v128.load offset=1358 (local.get $address))))
            (v128.xor
              (v128.xor
                (v128.load offset=1137 (local.get $address))
                (v128.load offset=552 (local.get $address)))
              (v128.load (local.get $address))))))
      (local.set $address (i32.add (local.get $address) (i32.const 16)))
      (br_if $nextStep (i32.lt_u (local.get $address) (local.get $end))))
    ;; The last 3616 bytes of history and block together are the next history.
    (memory.copy
      (i32.const 33248)
      (i32.add (i32.const 33248) (local.get $size))
      (i32.const 3616)))

  ;; Ends a run: the state after the tail, size bytes, 3616 or more. Tail bytes are added to, but
  ;; are not sources themselves, so the place behind the history, where sources are looked for,
  ;; has to be zero.
  (func (export "finish") (param $size i32) (result i64)
    (local $address i32)
    (memory.fill (i32.const 36864) (i32.const 0) (i32.const 3616))
    (local.set $address (i32.const 33252))
    (loop $nextStep
      ;; 36380 is 3612 behind the address, and from the block (36864) on to the tail (69632).
      (v128.store offset=36380
        (local.get $address)
        (v128.xor
          (v128.load offset=36380 (local.get $address))
          (v128.xor
            (v128.xor
              (v128.xor
                (v128.load offset=1660 (local.get $address))
                (v128.load offset=1628 (local.get $address)))
              (v128.xor
                (v128.load offset=1379 (local.get $address))
                (v128.load offset=1358 (local.get $address))))
            (v128.xor
              (v128.xor
                (v128.load offset=1137 (local.get $address))
                (v128.load offset=552 (local.get $address)))
              (v128.load (local.get $address))))))
      (local.set $address (i32.add (local.get $address) (i32.const 16)))
      (br_if $nextStep (i32.lt_u (local.get $address) (i32.const 36868))))
    (call $slice (i64.const 0) (i32.const 69632) (local.get $size)))

  ;; a * b modulo P. The highest bit is the coefficient of x^0.
  (func (export "multiply") (param $a i64) (param $b i64) (result i64)
    (local $product i64)
    (block $done
      (loop $nextBit
        (br_if $done (i64.eqz (local.get $a)))
        ;; An arithmetic shift makes all ones or all zeros of the highest bit.
        (local.set $product
          (i64.xor
            (local.get $product)
            (i64.and (local.get $b) (i64.shr_s (local.get $a) (i64.const 63)))))
        (local.set $a (i64.shl (local.get $a) (i64.const 1)))
        (local.set $b (call $timesX (local.get $b)))
        (br $nextBit)))
    (local.get $product)))

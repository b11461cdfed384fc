(* SPDX-License-Identifier: Apache-2.0
   work.ml: an orbit by leapfrog, and a sorted array. *)
let () =
  let x = ref 1. and y = ref 0. and vx = ref 0. and vy = ref 0.8 in
  for _ = 1 to 5000 do
    let r = sqrt ((!x *. !x) +. (!y *. !y)) in
    let a = -1. /. (r *. r *. r) in
    vx := !vx +. (0.002 *. a *. !x);
    vy := !vy +. (0.002 *. a *. !y);
    x := !x +. (0.002 *. !vx);
    y := !y +. (0.002 *. !vy)
  done;
  Printf.printf "%.17g %.17g\n" !x !y;
  let a = Array.init 1000 (fun i -> sin (float_of_int i) *. 1e3) in
  Array.sort compare a;
  Printf.printf "%.17g %.17g %h\n" a.(0) a.(500) (Array.fold_left ( +. ) 0. a)

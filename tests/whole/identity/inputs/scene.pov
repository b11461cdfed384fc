// SPDX-License-Identifier: Apache-2.0
// scene.pov: two spheres on a plane.
#version 3.7;
global_settings { assumed_gamma 1.0 }
camera { location <0, 2, -5> look_at <0, 0.6, 0> }
light_source { <4, 6, -5> color rgb 1 }
plane { y, 0 pigment { checker color rgb 0.2, color rgb 0.9 } }
sphere { <-0.8, 0.9, 0>, 0.9 pigment { color rgb <0.9, 0.2, 0.1> } finish { phong 0.8 reflection 0.2 } }
sphere { <1, 0.6, -0.6>, 0.6 pigment { bozo scale 0.3 } normal { bumps 0.4 scale 0.1 } }

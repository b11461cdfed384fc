# SPDX-License-Identifier: Apache-2.0
# plan.mod: what to make of two materials.
var x >= 0; var y >= 0; var z >= 0, integer;
maximize profit: 3.7 * x + 4.1 * y + 2.9 * z;
wood: 1.3 * x + 2.2 * y + 0.7 * z <= 100.5;
iron: 2.1 * x + 0.9 * y + 1.1 * z <= 80.25;
time: x + y + z <= 60;
solve;
display x, y, z, profit;
end;
